/** What rtnetlink's errnos mean for links and addresses. Source: net/core/rtnetlink.c, net/ipv4/devinet.c, net/ipv6/addrconf.c. */
import { DirectorError, errnoName, NetlinkError, UnsupportedFeatureError } from '../errors.js'
import { isNativeFailure, translate } from '../native.js'
import type { AddressOperation } from './address-table.js'

const PERMISSION = 'changing links and addresses wants CAP_NET_ADMIN in the namespace'

/** The error for an address operation that the kernel refused; `code` 0 means that its reply was lost. */
export function explainRefusal(
  operation: AddressOperation,
  target: { link: string; address: string; prefixLength: number },
  code: number,
  text: string,
): DirectorError {
  const about = `${operation} ${target.address}/${target.prefixLength} on ${target.link}`
  if (code === 0) {
    return new DirectorError(`${about}: the kernel's reply was lost; the operation may have taken effect`, {
      code: 'ERR_UNKNOWN_OUTCOME',
      operation,
    })
  }
  const name = errnoName(code)
  const reason = addressReason(target.link, name)
  return new NetlinkError(`${about}: ${reason}${text === '' ? '' : `: ${text}`} (${name})`, {
    code: name,
    errno: code,
    operation,
    kernelMessage: text === '' ? undefined : text,
  })
}

function addressReason(link: string, name: string): string {
  switch (name) {
    case 'ENODEV':
      return `there is no link '${link}' in this namespace`
    case 'EEXIST':
      return 'the link has this address already'
    case 'EADDRNOTAVAIL':
      return 'the link has no such address with this prefix length, or it is none that a link can have'
    case 'EPERM':
      return PERMISSION
    case 'EACCES':
      return `IPv6 is switched off on the link (net.ipv6.conf.${link}.disable_ipv6)`
    case 'ENOTSUP':
    case 'EAFNOSUPPORT':
      return 'this kernel runs without IPv6'
    case 'ENOBUFS':
      return 'the link cannot carry addresses of this family (its MTU is too small for IPv6, or memory is short)'
    case 'EINVAL':
      return 'the kernel finds the address invalid'
    default:
      return 'the kernel refused it'
  }
}

/** For calls on one link. */
export function explainLink(operation: string, link: string): (error: unknown) => unknown {
  const reasons: Readonly<Record<string, string>> = {
    ENODEV: `there is no link '${link}' in this namespace`,
    EEXIST: `there is a link '${link}' already`,
    EPERM: PERMISSION,
    ENOTSUP: `the link '${link}' does not allow that`,
  }
  return (error) =>
    translate(error, (failure) => {
      const code = errnoName(failure.number)
      const reason = reasons[code]
      if (reason === undefined) return undefined
      const { detail } = failure
      return new NetlinkError(
        `${operation} ${link}: ${reason}${detail === '' ? '' : `: ${detail}`} (${code})`,
        {
          code,
          errno: failure.number,
          operation,
          kernelMessage: detail === '' ? undefined : detail,
        },
      )
    })
}

/** EOPNOTSUPP (which Node calls ENOTSUP) for a new link means that the kernel does not know the kind. */
export function explainCreation(link: string): (error: unknown) => unknown {
  const explain = explainLink('createDummy', link)
  return (error) => {
    const lacksKind = isNativeFailure(error) && errnoName(error.number) === 'ENOTSUP'
    return lacksKind ? missingDummies(error.detail) : explain(error)
  }
}

function missingDummies(detail: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError(
    'dummy links',
    'this kernel cannot make them (CONFIG_DUMMY)',
    dummyRemedy,
    { operation: 'createDummy', kernelMessage: detail === '' ? undefined : detail },
  )
}

export const dummyRemedy =
  'load the module (modprobe dummy), put the addresses on another link such as lo, or use a kernel that has it (ipvs-director lab -- COMMAND)'
