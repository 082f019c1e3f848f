/** The table that the suite programs: `services`×`servers`, each address and port computed from its number. */
import { formatIpv4 } from '../../lib/address.js'
import { InvalidArgumentError, type AddressServiceKey } from '../../lib/index.js'

export interface TableSize {
  readonly services: number
  readonly servers: number
}

export function parseSize(size: string): TableSize {
  const [, services, servers] = /^([1-9]\d{0,6})x(\d{1,5})$/.exec(size) ?? []
  if (services === undefined || servers === undefined) {
    throw new InvalidArgumentError('size', size, 'services x servers, such as 1000x10')
  }
  return { services: Number(services), servers: Number(servers) }
}

export function serviceKey(index: number): AddressServiceKey {
  return { protocol: 'tcp', address: formatIpv4(0x0a640000 + index), port: 80 }
}

/** 10.128.0.1 onwards, in host order; the same addresses serve every service. */
export function serverAddress(index: number): number {
  return 0x0a800001 + index
}

export const SERVER_PORT = 8080

/** The table in ipvsadm's language. */
export function saveText({ services, servers }: TableSize): string {
  const lines: string[] = []
  for (let service = 0; service < services; service++) {
    const { address, port } = serviceKey(service)
    lines.push(`-A -t ${address}:${port} -s rr`)
    for (let server = 0; server < servers; server++) {
      lines.push(`-a -t ${address}:${port} -r ${formatIpv4(serverAddress(server))}:${SERVER_PORT} -m -w 1`)
    }
  }
  return `${lines.join('\n')}\n`
}
