/** Which schedulers a kernel has, asked without changing anything. */
import { native, type KernelHandle } from '../native.js'
import { littleEndian } from '../record.js'
import { OperationTable } from './operation-table.js'
import type { SchedulerName } from './types.js'

export const SCHEDULERS: readonly SchedulerName[] = [
  ...([
    'rr',
    'wrr',
    'lc',
    'wlc',
    'lblc',
    'lblcr',
    'dh',
    'sh',
    'sed',
    'nq',
    'fo',
    'ovf',
    'mh',
    'twos',
  ] as const),
]

const ENOENT = 2
const EINVAL = 22
const REFUSAL_BYTES = 12
// A service that cannot exist: the kernel looks its scheduler up (loading the module where it has one), and then refuses
// the IPv6 prefix length 0 (ip_vs_add_service in ip_vs_ctl.c).
const IMPOSSIBLE = { fwmark: 0xffffffff, family: 'inet6' } as const

/** For each scheduler whether the kernel has it; undefined where it did not say (no IPVS for IPv6, no permission). */
export async function probeSchedulers(
  handle: KernelHandle,
  names: readonly string[] = SCHEDULERS,
): Promise<Map<string, boolean | undefined>> {
  const addon = native()
  const table = new OperationTable()
  for (const [index, scheduler] of names.entries()) {
    table.addService('addService', { ...IMPOSSIBLE, scheduler })
    const { view, offset } = table.locate(index)
    view.setUint32(offset + addon.ipvs.operationRow.fields.netmask.offset, 0, littleEndian)
  }
  const run = { table: 'ipvs', rows: table.tables() }
  const outcome = await addon.commit(handle, [run], { stopOnRefusal: false, aborted: undefined })
  if (outcome.failure !== undefined) throw outcome.failure as Error
  const refused = new DataView(outcome.runs[0]?.refused ?? new ArrayBuffer(0))
  const answers = new Map<string, boolean | undefined>(names.map((name) => [name, undefined]))
  for (let row = 0; row < refused.byteLength; row += REFUSAL_BYTES) {
    const scheduler = names[refused.getUint32(row, littleEndian)] as string
    const code = refused.getInt32(row + 4, littleEndian)
    if (code === ENOENT || code === EINVAL) answers.set(scheduler, code === EINVAL)
  }
  return answers
}
