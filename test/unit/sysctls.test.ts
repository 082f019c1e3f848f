import assert from 'node:assert/strict'
import test from 'node:test'

import { Sysctls } from '../../lib/sysctls.js'

const untouched = new Sysctls({
  handle: () => {
    throw new Error('the kernel was asked')
  },
})

test('a name that is no sysctl of a namespace never reaches the file system', async () => {
  const names = [
    '',
    'net..ipv4',
    'net.ipv4.',
    'net.//.//.etc.passwd',
    'net./.x',
    'kernel.hostname',
    '/proc/sys/net',
    'net.ipv4.ip forward',
    'net.ipv4.x\0',
    'network.x',
  ]
  for (const name of [...names, 7 as unknown as string]) {
    await assert.rejects(untouched.get(name), { code: 'ERR_INVALID_ARGUMENT', field: 'name' }, String(name))
    await assert.rejects(untouched.set(name, 1), { code: 'ERR_INVALID_ARGUMENT' })
    await assert.rejects(untouched.list(name), { code: 'ERR_INVALID_ARGUMENT' })
  }
})

test('a value of several lines, or none that can be written, is refused, and then nothing at all is set', async () => {
  const name = 'net.ipv4.ip_forward'
  for (const value of ['1\n0', 1.5, Number.NaN, true as unknown as number]) {
    await assert.rejects(untouched.set(name, value), { code: 'ERR_INVALID_ARGUMENT', field: name })
    await assert.rejects(untouched.setAll({ 'net.ipv4.tcp_syncookies': 1, [name]: value }), {
      code: 'ERR_INVALID_ARGUMENT',
    })
  }
})
