/** The replacements under way in one kernel: closing it ends them, and what they have made goes away first. */
import { DirectorError } from '../errors.js'

/** Runs a stretch of a replacement that may take for ever; rejects when the kernel is closed meanwhile. */
export type UntilClosed = <T>(work: Promise<T>) => Promise<T>

export class Replacements {
  private readonly running = new Set<Promise<unknown>>()
  private readonly ends = new Set<(error: DirectorError) => void>()

  async run<T>(replacement: (untilClosed: UntilClosed) => Promise<T>): Promise<T> {
    const result = replacement((work) => this.untilClosed(work))
    // Whoever asked for it hears of its failure.
    const settled = result.catch(() => undefined)
    this.running.add(settled)
    try {
      return await result
    } finally {
      this.running.delete(settled)
    }
  }

  /** Resolves when each has ended and taken away what it has made. New ones must find the kernel closed. */
  async close(): Promise<void> {
    for (const end of this.ends) end(new DirectorError('the kernel is closed', { code: 'ERR_CLOSED' }))
    await Promise.all(this.running)
  }

  private untilClosed<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = () => void this.ends.delete(reject)
      this.ends.add(reject)
      work.then(resolve, reject).finally(done)
    })
  }
}
