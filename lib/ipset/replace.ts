/** Gives a set exactly the entries that are wanted, at once for all who read it. */
import type { CommitReport } from '../commit.js'
import { removeLeftovers, withBeside, type BesideHost } from './beside.js'
import type { SetHeader } from './types.js'

/** What a replacement is made with. */
export interface ReplaceHost extends BesideHost {
  header(name: string): Promise<SetHeader>
  create(name: string, header: SetHeader): Promise<void>
  fill(name: string): Promise<CommitReport>
  swap(one: string, other: string): Promise<void>
}

/**
 * A set of the same type and options is made beside it, filled, and exchanged for it. Whatever goes wrong, the set is
 * as it was and the one beside it is gone.
 */
export async function replaceEntries(host: ReplaceHost, name: string): Promise<CommitReport> {
  const header = await host.header(name)
  await removeLeftovers(host, name)
  return withBeside(host, name, async (beside) => {
    await host.create(beside, header)
    let report: CommitReport
    try {
      report = await host.fill(beside)
      await host.swap(name, beside)
    } catch (error) {
      // The cause counts, whatever becomes of what was made beside.
      await host.destroy(beside).catch(() => undefined)
      throw error
    }
    // It holds the old entries now.
    await host.destroy(beside)
    return report
  })
}
