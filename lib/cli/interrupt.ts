/** Signals that ask the program to stop, as an AbortSignal. */
import { constants } from 'node:os'

/**
 * Runs `work` with a signal that SIGINT, SIGTERM and SIGHUP abort. The exit code is then 128 + the signal's number,
 * as a shell expects.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const controller = new AbortController()
  let received: NodeJS.Signals | undefined
  const stop = (signal: NodeJS.Signals): void => {
    received ??= signal
    controller.abort(new Error(signal))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (received === undefined) throw error
    process.exitCode = 128 + constants.signals[received]
    return undefined
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}
