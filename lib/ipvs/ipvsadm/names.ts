import type { Protocol } from '../types.js'

/** What a command line may say in place of numbers. An unknown name is undefined. */
export interface NamesToNumbers {
  /** IPv4 address of a host. ipvsadm resolves no IPv6 names. */
  address(host: string): string | undefined
  /** Port of a service; the protocol is undefined as long as no service address was given. */
  port(service: string, protocol: Protocol | undefined): number | undefined
}

/** What a listing may show in place of numbers. */
export interface NumbersToNames {
  host(address: string): string | undefined
  /** The protocol is undefined below a firewall-mark service. */
  service(port: number, protocol: string | undefined): string | undefined
}

/** Knows no name at all: everything is numeric (-n). */
export const noNames: NamesToNumbers & NumbersToNames = {
  address: () => undefined,
  port: () => undefined,
  host: () => undefined,
  service: () => undefined,
}
