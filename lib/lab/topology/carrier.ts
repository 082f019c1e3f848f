/**
 * Waits until links carry traffic. The kernel works that out beside whoever switched them on (linkwatch), on a busy
 * machine up to a second later, and until then a bridge drops what its ports send: the first request would be lost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { openKernel } from '../../kernel.js'
import { LabError } from '../errors.js'

const lookMs = 20
const longestMs = 10_000

/** Dummy and loopback links stay `unknown`, which is fine. */
const carrying: readonly string[] = ['up', 'unknown']

/** @throws LabError `ERR_LAB_TOPOLOGY`: one of the links of that namespace does not come up */
export async function waitForCarrier(
  netns: string,
  names: readonly string[],
  mostMs = longestMs,
): Promise<void> {
  if (names.length === 0) return
  const kernel = await openKernel({ netns })
  try {
    for (const end = performance.now() + mostMs; ; await delay(lookMs)) {
      const links = await kernel.links.list()
      const waiting = links.filter(
        ({ name, operationalState }) => names.includes(name) && !carrying.includes(operationalState),
      )
      if (waiting.length === 0) return
      if (performance.now() >= end) {
        const states = waiting.map(({ name, operationalState }) => `${name} is ${operationalState}`)
        throw new LabError(`after ${mostMs / 1000} s ${states.join(', ')}`, { code: 'ERR_LAB_TOPOLOGY' })
      }
    }
  } finally {
    await kernel.close()
  }
}
