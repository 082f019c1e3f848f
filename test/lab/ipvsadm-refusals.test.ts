/** What ipvsadm refuses before it asks the kernel: the same words and exit codes, seen side by side. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { IpvsadmPair } from '../support/ipvsadm-pair.js'
import { refusals } from '../unit/ipvsadm/refusals.js'

let pair: IpvsadmPair

before(async () => {
  pair = await IpvsadmPair.open('ipvsadm-refusals')
})
after(() => pair.close())

test('command lines are refused as by ipvsadm', async () => {
  const outcomes = await pair.same(...refusals)
  assert.deepEqual(
    refusals.filter((_, index) => outcomes[index]?.exitCode === 0),
    [],
  )
})
