/** How one Kubernetes service is balanced, by annotations: what users of kube-proxy's IPVS mode asked for most. */
import { InvalidArgumentError } from '../../errors.js'
import type { ForwardingMethod, SchedulerFlag } from '../../ipvs/types.js'
import { drainTimeout, scheduler, schedulerFlags } from './check-ipvs.js'
import * as check from './check.js'

/** What a service says about itself; what is `undefined` is left to the director's options. */
export interface Tuning {
  readonly scheduler: string | undefined
  readonly schedulerFlags: readonly SchedulerFlag[] | undefined
  readonly weight: number | undefined
  readonly forwarding: ForwardingMethod | undefined
  readonly drainTimeoutSeconds: number | undefined
}

/** Annotations of a `v1/Service`. All values are texts, as Kubernetes has it. */
export const annotations = {
  /** `rr`, `wrr`, `lc`, `wlc`, `sh`, `mh` … */
  scheduler: 'ipvs-director.io/scheduler',
  /** Comma-separated, ipvsadm's names: `sh-fallback,sh-port`. */
  schedulerFlags: 'ipvs-director.io/scheduler-flags',
  /** 0–65535: the weight of each of the service's servers. */
  weight: 'ipvs-director.io/weight',
  /** `masquerade`, `direct` or `tunnel`. */
  forwarding: 'ipvs-director.io/forwarding',
  /** Seconds, or `Infinity`. */
  drainTimeoutSeconds: 'ipvs-director.io/drain-timeout-seconds',
} as const

/** kube-router's annotations for the same, read where ours are absent. */
const kubeRouter = {
  scheduler: 'kube-router.io/service.scheduler',
  schedulerFlags: 'kube-router.io/service.schedflags',
} as const

const keysRead: readonly string[] = [...Object.values(annotations), ...Object.values(kubeRouter)]

/** Of all services that say nothing. */
const untuned: Tuning = {
  scheduler: undefined,
  schedulerFlags: undefined,
  weight: undefined,
  forwarding: undefined,
  drainTimeoutSeconds: undefined,
}

/** @throws InvalidArgumentError naming the annotation */
export function readTuning(all: Readonly<Record<string, string>> | null | undefined): Tuning {
  if (!keysRead.some((key) => all?.[key] !== undefined)) return untuned
  const read = <T>(keys: readonly string[], parse: (field: string, value: string) => T): T | undefined => {
    const key = keys.find((candidate) => all?.[candidate] !== undefined)
    if (key === undefined) return undefined
    return parse(`metadata.annotations["${key}"]`, all?.[key]?.trim() ?? '')
  }
  return {
    scheduler: read([annotations.scheduler, kubeRouter.scheduler], scheduler),
    schedulerFlags: read([annotations.schedulerFlags, kubeRouter.schedulerFlags], (field, value) =>
      schedulerFlags(
        field,
        value.split(',').map((flag) => flag.trim()),
      ),
    ),
    weight: read([annotations.weight], (field, value) =>
      check.integer(field, wholeNumber(field, value), 0, 65535),
    ),
    forwarding: read([annotations.forwarding], (field, value) =>
      check.oneOf(field, value, ['masquerade', 'direct', 'tunnel']),
    ),
    drainTimeoutSeconds: read([annotations.drainTimeoutSeconds], (field, value) =>
      drainTimeout(field, value === 'Infinity' ? Infinity : wholeNumber(field, value)),
    ),
  }
}

function wholeNumber(field: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new InvalidArgumentError(field, value, 'a whole number')
}
