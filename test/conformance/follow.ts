/** Leads a director through a sequence. */
import assert from 'node:assert/strict'
import type { DesiredState, Director } from '../../lib/index.js'
import type { Picture } from './row.js'
import type { Sequence } from './sequences.js'

/** `look`: what is there after each step. */
export async function follow(
  director: Director,
  { steps }: Sequence,
  look: () => Picture['services'],
): Promise<void> {
  let before: DesiredState = {}
  for (const [index, { desired, services, cleansFlows }] of steps.entries()) {
    wishOnly(director, before, desired)
    const { changes, failed } = await director.sync()
    assert.deepEqual(failed, [])
    await director.checkDrains()
    assert.deepEqual(look(), services, `services of step ${index + 1}`)
    const cleaned = changes.flatMap((change) => (change.type === 'cleanFlows' ? [change.key] : []))
    if (cleansFlows !== undefined) assert.deepEqual(cleaned, cleansFlows, `flows of step ${index + 1}`)
    before = desired
  }
}

function wishOnly(director: Director, before: DesiredState, after: DesiredState): void {
  const names = (objects: DesiredState['services']): Set<unknown> =>
    new Set((objects ?? []).map(({ metadata }) => metadata?.name))
  const [services, slices] = [names(after.services), names(after.endpointSlices)]
  for (const one of before.services ?? []) if (!services.has(one.metadata?.name)) director.removeService(one)
  for (const one of before.endpointSlices ?? []) {
    if (!slices.has(one.metadata?.name)) director.removeEndpointSlice(one)
  }
  for (const one of after.endpointSlices ?? []) director.upsertEndpointSlice(one)
  for (const one of after.services ?? []) director.upsertService(one)
}
