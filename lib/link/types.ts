/** The vocabulary of links (network interfaces) and their addresses. Source: rtnetlink(7); ip-link(8), ip-address(8). */

/** A network interface (RTM_NEWLINK). */
export interface Link {
  /** At most 15 bytes. IFLA_IFNAME. */
  readonly name: string
  /** The namespace's number for it, from 1. */
  readonly index: number
  /** `'dummy'`, `'veth'`, `'bridge'` … as IFLA_INFO_KIND names it; absent for hardware and for the loopback link. */
  readonly kind?: string
  /** Whether it is switched on (IFF_UP). */
  readonly up: boolean
  /** IFF_LOOPBACK. */
  readonly loopback: boolean
  /** Whether it carries traffic (IFLA_OPERSTATE, RFC 2863). Dummy and loopback links stay `'unknown'`, which is fine. */
  readonly operationalState: OperationalState
  /** Largest packet, bytes. */
  readonly mtu: number
  /** Of Ethernet-like links: `'02:42:ac:11:00:02'`. */
  readonly hardwareAddress?: string
  /** Index of the bridge or bond that it is a port of. */
  readonly masterIndex?: number
}

export type OperationalState =
  'unknown' | 'not-present' | 'down' | 'lower-layer-down' | 'testing' | 'dormant' | 'up'

/** How far an address is valid (RT_SCOPE_*). */
export type AddressScope = 'global' | 'site' | 'link' | 'host'

/** An address to put on a link. The short form is its text: `'10.0.0.1'`, `'10.0.0.1/24'`, `'2001:db8::1/64'`. */
export interface AddressOptions {
  /** IPv4 or IPv6, without prefix length. */
  readonly address: string
  /** IPv4 0–32, IPv6 0–128. @default 32 or 128: the address alone, as a virtual address wants it */
  readonly prefixLength?: number
  /** The other end of a point-to-point link, of the same family (IFA_ADDRESS). @default none */
  readonly peer?: string
  /** IPv4 only (IFA_BROADCAST). @default none */
  readonly broadcast?: string
  /** IPv4 only, at most 15 bytes: the link's name, or that with `:` and a suffix (IFA_LABEL). @default the link's name */
  readonly label?: string
  /** @default 'host' for 127.0.0.0/8, otherwise 'global'. The kernel decides for IPv6. */
  readonly scope?: AddressScope
  /** Seconds until the kernel removes it, 1–4294967294. @default for ever */
  readonly validSeconds?: number
  /** Seconds until it is deprecated as a source, 0–4294967294, at most `validSeconds`. @default for ever */
  readonly preferredSeconds?: number
  /**
   * IPv6 only: use it at once, without asking the network whether somebody else has it (IFA_F_NODAD). A virtual address
   * that several directors hold must not wait for that. @default true
   */
  readonly noDuplicateDetection?: boolean
  /** Make no route for the prefix (IFA_F_NOPREFIXROUTE). @default false */
  readonly noPrefixRoute?: boolean
}

/** An address as the kernel has it. It can be given to `addAddress()` as it is. */
export interface LinkAddress extends AddressOptions {
  /** Name of its link. */
  readonly link: string
  readonly family: 'inet' | 'inet6'
  readonly prefixLength: number
  readonly scope: AddressScope
  readonly noDuplicateDetection: boolean
  readonly noPrefixRoute: boolean
  /** Not usable yet: duplicate detection is under way (IFA_F_TENTATIVE). */
  readonly tentative: boolean
  /** Not usable: somebody else has it (IFA_F_DADFAILED). */
  readonly duplicate: boolean
  /** Another address of the prefix came first (IFA_F_SECONDARY; for IPv6: a temporary address). */
  readonly secondary: boolean
}
