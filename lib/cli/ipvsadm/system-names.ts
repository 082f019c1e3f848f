/** The names that this machine knows, asked for once each. */
import { lookup, lookupService } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import type { NamesToNumbers, NumbersToNames } from '../../ipvs/ipvsadm/names.js'

/** Reading a command line stopped at a host whose address has to be looked up first. */
class HostNeeded extends Error {
  constructor(readonly host: string) {
    super(host)
  }
}

export class SystemNames {
  /** undefined: looked up, not known. */
  readonly #addresses = new Map<string, string | undefined>()
  readonly #hosts = new Map<string, string | undefined>()
  #services: Promise<ServiceNames> | undefined

  /** Reads a command line as often as it takes to look up the hosts in it: parsing waits for nothing. */
  async resolving<Result>(read: (names: NamesToNumbers) => Result): Promise<Result> {
    const { ports } = await this.#serviceNames()
    const names: NamesToNumbers = {
      address: (host) => this.#knownAddress(host),
      port: (service, protocol) => (protocol ? ports.get(`${service}/${protocol}`) : undefined),
    }
    for (;;) {
      try {
        return read(names)
      } catch (error) {
        if (!(error instanceof HostNeeded)) throw error
        this.#addresses.set(error.host, await addressOf(error.host))
      }
    }
  }

  /** Names for listings in which these addresses occur. */
  async naming(addresses: Iterable<string>): Promise<NumbersToNames> {
    const unknown = [...new Set(addresses)].filter((address) => !this.#hosts.has(address))
    await Promise.all(unknown.map(async (address) => this.#hosts.set(address, await hostOf(address))))
    const { names } = await this.#serviceNames()
    return {
      host: (address) => this.#hosts.get(address),
      service: (port, protocol) => (protocol ? names.get(`${port}/${protocol}`) : undefined),
    }
  }

  #knownAddress(host: string): string | undefined {
    if (!this.#addresses.has(host)) throw new HostNeeded(host)
    return this.#addresses.get(host)
  }

  #serviceNames(): Promise<ServiceNames> {
    return (this.#services ??= readServices())
  }
}

async function addressOf(host: string): Promise<string | undefined> {
  // Nothing else can be a host's name, and the resolver would be asked in vain.
  if (!/^[A-Za-z0-9_.-]+$/.test(host)) return undefined
  return lookup(host, { family: 4 }).then(
    ({ address }) => address,
    () => undefined,
  )
}

async function hostOf(address: string): Promise<string | undefined> {
  return lookupService(address, 0).then(
    ({ hostname }) => hostname,
    () => undefined,
  )
}

/** services(5). Keys are `name/protocol` and `port/protocol`; the first entry wins. */
interface ServiceNames {
  readonly ports: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<string, string>
}

async function readServices(): Promise<ServiceNames> {
  // A machine without the file knows no names of services.
  const text = await readFile('/etc/services', 'utf8').catch(() => '')
  const ports = new Map<string, number>()
  const names = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [name, endpoint, ...aliases] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean)
    const [, port, protocol] = /^([0-9]+)\/(\w+)$/.exec(endpoint ?? '') ?? []
    if (name === undefined || port === undefined) continue
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name)
    for (const each of [name, ...aliases]) {
      if (!ports.has(`${each}/${protocol}`)) ports.set(`${each}/${protocol}`, Number(port))
    }
  }
  return { ports, names }
}
