/**
 * The sets that replacements are filled in, beside those that they are for. A process that is killed leaves its own
 * behind: the next replacement of the same set takes it away, once it is certain that nobody works on it any more.
 *
 * A set beside says by its name which set it is for, and its maker holds a claim on that name from before it is made until
 * after it is gone. Claims end with the process, so that a set whose name can be claimed has lost its maker.
 */
import { createHash, randomBytes } from 'node:crypto'

/** What the sets beside are handled with. */
export interface BesideHost {
  /** Of all sets. */
  names(): Promise<readonly string[]>
  /** Holds a name until `unclaim` or the end of this process; false where somebody holds it. */
  claim(name: string): Promise<boolean>
  unclaim(name: string): void
  destroy(name: string): Promise<void>
}

/** Runs `work` with a name for a set beside this one, which it makes and destroys. */
export async function withBeside<T>(
  host: BesideHost,
  name: string,
  work: (beside: string) => Promise<T>,
): Promise<T> {
  const beside = await claimed(host, name)
  try {
    return await work(beside)
  } finally {
    host.unclaim(beside)
  }
}

/** Destroys what processes that are gone have left beside this set. */
export async function removeLeftovers(host: BesideHost, name: string): Promise<void> {
  for (const beside of await host.names()) {
    if (!isBeside(beside, name) || !(await host.claim(beside))) continue
    // Where it cannot be destroyed (a rule has come to name it) it is in nobody's way.
    await host.destroy(beside).catch(() => undefined)
    host.unclaim(beside)
  }
}

async function claimed(host: BesideHost, name: string): Promise<string> {
  for (;;) {
    const beside = prefixFor(name) + randomBytes(4).toString('hex')
    if (await host.claim(beside)) return beside
  }
}

// A set's name has at most 31 bytes, so that the other's can only be in it as a digest.
function prefixFor(name: string): string {
  return `replacing-${createHash('sha256').update(name).digest('hex').slice(0, 12)}-`
}

function isBeside(candidate: string, name: string): boolean {
  const prefix = prefixFor(name)
  return candidate.startsWith(prefix) && /^[\da-f]{8}$/.test(candidate.slice(prefix.length))
}
