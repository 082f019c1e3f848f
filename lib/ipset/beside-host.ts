/** How the sets beside one set are handled: errors name the set that they are for, which is all that a caller knows. */
import { native, type KernelHandle } from '../native.js'
import type { BesideHost } from './beside.js'
import { whileBusy } from './busy.js'
import { explainSets } from './explain.js'

// The set beside is nobody's but ours: it is free as soon as the kernel has let go of a listing of it.
const DESTROY_TIMEOUT_MS = 1000

export function besideHost(handle: () => KernelHandle, name: string, busyTimeoutMs = 0): BesideHost {
  const longer = { busyTimeoutMs: Math.max(busyTimeoutMs, DESTROY_TIMEOUT_MS) }
  const explain = explainSets('replace', name)
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw explain(error)
    }
  }
  return {
    names: () => ask(() => native().sets.names(handle())),
    claim: (beside) => ask(() => native().sets.claim(handle(), beside)),
    unclaim: (beside) => native().sets.unclaim(handle(), beside),
    destroy: (beside) => whileBusy(longer, () => ask(() => native().sets.destroy(handle(), beside))),
  }
}
