/** Random sequences: the same seeds every time, so that a failure can be looked at again. */
import test, { after, afterEach, before } from 'node:test'
import { IpvsadmPair } from '../support/ipvsadm-pair.js'
import { randomLines, randomWords } from '../support/ipvsadm-random.js'

let pair: IpvsadmPair

before(async () => {
  pair = await IpvsadmPair.open('ipvsadm-random')
})
afterEach(() => pair.clear())
after(() => pair.close())

for (const seed of [1, 2, 3]) {
  test(`250 random lines of seed ${seed} restore to the same table`, async () => {
    await pair.same({ words: ['-R'], stdin: randomLines(seed, 250).join('\n') })
    await pair.sameListings(['-Sn'], ['-Ln', '--nosort', '--thresholds'])
  })
}

test('40 random command lines are understood or refused alike', async () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index)
  await pair.same(...seeds.map((seed) => ({ words: randomWords(seed) })))
})
