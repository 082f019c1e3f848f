/**
 * IPVS answers with a bare errno. What it means depends on the operation; this is where that knowledge lives.
 * Source: net/netfilter/ipvs/ip_vs_ctl.c.
 */
import { formatEndpoint } from '../address.js'
import { DirectorError, errnoName, NetlinkError, UnsupportedFeatureError } from '../errors.js'
import { translate, type NativeFailure } from '../native.js'
import type { OperationName } from './operation-table.js'
import type { OperationTarget } from './run.js'
import { isFwmarkKey, type ServiceKey } from './types.js'

/** A service's key as people say it: `tcp 10.0.0.1:80`, `fwmark 7`. */
export function formatServiceKey(key: ServiceKey): string {
  if (isFwmarkKey(key)) return `fwmark ${key.fwmark}${key.family === 'inet6' ? ' (inet6)' : ''}`
  return `${key.protocol} ${formatEndpoint(key.address, key.port)}`
}

/** The error for an operation that the kernel refused; `code` 0 means that its reply was lost. */
export function explainRefusal(
  operation: OperationName,
  target: OperationTarget,
  code: number,
  text: string,
): DirectorError {
  const { service, server } = target
  const about =
    formatServiceKey(service) +
    (server === undefined ? '' : ` → ${formatEndpoint(server.address, server.port ?? 0)}`)
  if (code === 0) {
    return new DirectorError(
      `${operation} ${about}: the kernel's reply was lost; the operation may have taken effect`,
      {
        code: 'ERR_UNKNOWN_OUTCOME',
        operation,
      },
    )
  }
  const name = errnoName(code)
  const reason = reasonFor(operation, target, name)
  return new NetlinkError(`${operation} ${about}: ${reason}${text === '' ? '' : `: ${text}`} (${name})`, {
    code: name,
    errno: code,
    operation,
    kernelMessage: text === '' ? undefined : text,
  })
}

const PERMISSION = 'IPVS wants CAP_NET_ADMIN in the initial user namespace, also for reading'

function reasonFor(operation: OperationName, { service, server }: OperationTarget, name: string): string {
  const onServer = server !== undefined
  switch (name) {
    case 'EPERM':
      return PERMISSION
    case 'EEXIST':
      return onServer ? 'the service already has this server' : 'the service exists already'
    case 'ESRCH':
      return 'no such virtual service'
    case 'ENOENT':
      return onServer ? 'the service has no such server' : missingModule(service)
    case 'EINVAL':
      return onServer ? invalidServer(server) : 'the kernel finds the service invalid'
    case 'ERANGE':
      return 'the weight is negative, or the lower threshold is above the upper'
    case 'EAFNOSUPPORT':
      return 'this kernel has no IPVS for that address family'
    case 'ENOMEM':
      return 'the kernel has no memory left for it'
    default:
      return `the kernel refused ${operation}`
  }
}

function missingModule(service: OperationTarget['service']): string {
  const scheduler = 'scheduler' in service ? (service.scheduler ?? 'wlc') : undefined
  const engine = 'persistenceEngine' in service ? service.persistenceEngine : undefined
  if (scheduler === undefined) return 'no such virtual service'
  const modules = [`ip_vs_${scheduler}`, ...(engine === undefined ? [] : [`ip_vs_pe_${engine}`])]
  const what =
    engine === undefined
      ? `scheduler '${scheduler}'`
      : `scheduler '${scheduler}' or persistence engine '${engine}'`
  return `the kernel has no ${what}; load it: modprobe ${modules.join(' ')}`
}

function invalidServer(server: OperationTarget['server']): string {
  if (server?.forwarding === 'tunnel') {
    return 'the address is no unicast address that the director may use, or a server of another family meets a running sync daemon'
  }
  return 'the address is no unicast address that the director may use (broadcast and IPv6 link-local ones are not)'
}

/** For calls outside batches: the family missing, and what an errno means for this call. */
export function explainIpvs(operation: string, known: Readonly<Record<string, string>> = {}) {
  return (error: unknown): unknown => translate(error, (failure) => explainFailure(operation, failure, known))
}

function explainFailure(operation: string, failure: NativeFailure, known: Readonly<Record<string, string>>) {
  const code = errnoName(failure.number)
  if (failure.operation === 'resolve family' && code === 'ENOENT') return missingIpvs(operation)
  const reason = known[code] ?? (code === 'EPERM' ? PERMISSION : undefined)
  if (reason === undefined) return undefined
  return new NetlinkError(`${operation}: ${reason} (${code})`, { code, errno: failure.number, operation })
}

function missingIpvs(operation: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(
    'IPVS',
    'this kernel has no generic netlink family IPVS (asked by CTRL_CMD_GETFAMILY)',
    'load it (modprobe ip_vs), or boot one in user space (ipvs-director lab -- COMMAND)',
    { operation },
  )
}
