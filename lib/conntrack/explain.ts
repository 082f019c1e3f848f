/** What the kernel's errors mean here. Node's name for EOPNOTSUPP is ENOTSUP. */
import { DirectorError, NetlinkError, UnsupportedFeatureError, errnoName } from '../errors.js'
import { translate, type NativeFailure } from '../native.js'

const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: {
    EEXIST: 'there is such a flow already',
    ENOENT: 'there is no such master flow, or no such helper',
    EINVAL: 'the kernel refuses the tuples: both directions must be of one protocol, which it must know',
    ENOMEM: 'the table is full (net.netfilter.nf_conntrack_max)',
  },
  update: {
    ENOENT: 'there is no such flow in that zone',
    EBUSY: 'these status bits cannot be changed, or no longer be cleared',
    ENOTSUP: 'that cannot be changed on a flow that is there already',
    ENOSPC: 'the flow has no room for labels: no rule used them when it was made',
  },
}

const COMMON: Readonly<Record<string, string>> = {
  EPERM: 'it wants CAP_NET_ADMIN in the namespace',
  ENOTSUP: 'this kernel is built without what that needs (zones, labels, NAT, a helper)',
}

/** What the addon does to have the kernel filter. */
const FILTER_STEPS = new Set(['create filter map', 'load filter', 'attach filter'])

/** For `translate()`: the error of an operation, with its likely cause. */
export function explainConntrack(operation: string): (error: unknown) => unknown {
  return (error) => translate(error, (failure) => explained(operation, failure.number, failure))
}

/** The error for one refused write. */
export function explainWrite(operation: string, number: number, text: string): DirectorError {
  if (number === 0) return lostReply(operation)
  const code = errnoName(number)
  const reason = REASONS[operation]?.[code] ?? COMMON[code] ?? text
  return new NetlinkError(`${operation}: ${reason === '' ? code : `${reason} (${code})`}`, {
    code,
    errno: number,
    operation,
    kernelMessage: text === '' ? undefined : text,
  })
}

function lostReply(operation: string): DirectorError {
  return new DirectorError(`${operation}: the kernel's reply was lost; the flow may have been written`, {
    code: 'ERR_UNKNOWN_OUTCOME',
    operation,
  })
}

function explained(operation: string, number: number, failure: NativeFailure): Error | undefined {
  const code = errnoName(number)
  // nfnetlink answers so for a subsystem that is not there; none of our requests is malformed.
  if (code === 'EINVAL' && (operation === 'count' || operation === 'flows' || operation === 'expectations')) {
    return new UnsupportedFeatureError(
      'conntrack',
      'the kernel has no ctnetlink',
      'load it: modprobe nf_conntrack_netlink',
      { operation, errno: number, cause: failure },
    )
  }
  if (FILTER_STEPS.has(failure.operation)) {
    return new UnsupportedFeatureError(
      'eBPF filter',
      `the kernel refuses it (${code})${failure.detail === '' ? '' : `: ${failure.detail}`}`,
      `leave filterKind away, or ask for 'native'`,
      { operation, errno: number, cause: failure },
    )
  }
  const reason = REASONS[operation]?.[code] ?? COMMON[code]
  if (reason === undefined) return undefined
  const detail = failure.detail === '' ? '' : `; ${failure.detail}`
  return new NetlinkError(`${operation}: ${reason}${detail} (${code})`, {
    code,
    errno: number,
    operation,
    cause: failure,
  })
}
