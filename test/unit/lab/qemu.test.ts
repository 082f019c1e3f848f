import assert from 'node:assert/strict'
import test from 'node:test'
import { threadsFor } from '../../../lib/lab/qemu/plan.js'

test('processors are emulated by one thread where QEMU can run instructions that were rewritten meanwhile', () => {
  assert.equal(threadsFor('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)'), 'single')
  assert.equal(threadsFor('QEMU emulator version 8.0.5'), 'single')
  assert.equal(threadsFor('QEMU emulator version 8.1.0'), 'multi')
  assert.equal(threadsFor('QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)'), 'multi')
  assert.equal(threadsFor('something else'), 'single')
})
