/** Network namespaces wired together, with servers in them; for tests, demonstrations and experiments. */
import { randomBytes } from 'node:crypto'
import { InvalidArgumentError } from '../../errors.js'
import { waitForCarrier } from './carrier.js'
import { layoutCommands, namespaceCommands } from './ip-batch.js'
import { Namespace, runIpBatch } from './namespace.js'
import { checkedName, wireEnd, type TopologySpec } from './spec.js'

export interface TopologyOptions {
  /** Begins the names of the namespaces on this machine. Default: `lab-` and six random letters. */
  readonly prefix?: string
}

/**
 * Needs root, `ip` (iproute2) and `nsenter`; works in a guest and on the host alike. Everything is in
 * namespaces of its own, all of it goes when the topology is closed.
 */
export class Topology {
  private readonly namespaces: ReadonlyMap<string, Namespace>

  private constructor(spec: TopologySpec, prefix: string) {
    const names = Object.keys(spec.namespaces).map((name) => checkedName('namespaces', name))
    this.namespaces = new Map(names.map((name) => [name, new Namespace(name, `${prefix}-${name}`)]))
  }

  /**
   * @throws InvalidArgumentError the description is not sound
   * @throws LabError `ERR_LAB_TOPOLOGY`: the kernel (or `ip`) refused; nothing is left behind
   */
  static async create(spec: TopologySpec, options: TopologyOptions = {}): Promise<Topology> {
    const prefix = checkedName('prefix', options.prefix ?? `lab-${randomBytes(3).toString('hex')}`)
    const topology = new Topology(spec, prefix)
    const layout = layoutCommands(spec, (name) => topology.namespace(name).netnsName)
    const inside = topology
      .all()
      .map((namespace) => ({ namespace, lines: commandsFor(namespace.name, spec) }))
    try {
      await runIpBatch([], layout)
      await Promise.all(
        topology.all().map((namespace) => namespace.setSysctls(sysctlsFor(namespace.name, spec))),
      )
      await Promise.all(inside.map(({ namespace, lines }) => namespace.ip(lines)))
      await Promise.all(
        topology.all().flatMap((namespace) => [startBackends(namespace, spec), comeUp(namespace, spec)]),
      )
      return topology
    } catch (error) {
      await topology.close()
      throw error
    }
  }

  /** @throws InvalidArgumentError there is no namespace of that name */
  namespace(name: string): Namespace {
    const namespace = this.namespaces.get(name)
    if (namespace !== undefined) return namespace
    throw new InvalidArgumentError('name', name, `one of ${[...this.namespaces.keys()].join(', ')}`)
  }

  /** Stops every server and removes every namespace. May be called twice. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((namespace) => namespace.stop()))
    // -force: carry on past those that a failed start never made.
    const removals = this.all().map(({ netnsName }) => `netns delete ${netnsName}`)
    await runIpBatch(['-force'], removals).catch(() => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private all(): Namespace[] {
    return [...this.namespaces.values()]
  }
}

function commandsFor(name: string, spec: TopologySpec): string[] {
  return namespaceCommands(name, spec.namespaces[name] ?? {}, linksOf(name, spec))
}

function sysctlsFor(name: string, spec: TopologySpec): Record<string, string | number> {
  return { ...kernelDefaults(linksOf(name, spec)), ...spec.namespaces[name]?.sysctls }
}

/** The links that wires bring to a namespace. */
function linksOf(name: string, spec: TopologySpec): string[] {
  const ends = (spec.wires ?? []).flat().map((end) => wireEnd('wires', end, spec))
  return ends.filter((end) => end.namespace === name).map((end) => end.link)
}

/**
 * A new namespace inherits what the machine's own has set for IPv4 (`net.core.devconf_inherit_init_net`), and how a
 * topology behaves must not hang on that.
 */
function kernelDefaults(links: readonly string[]): Record<string, number> {
  // A dot in the name of a link is written as a slash among dots: sysctl(8).
  const places = ['all', 'default', 'lo', ...links.map((link) => link.replaceAll('.', '/'))]
  const settings = places.flatMap((place) =>
    ['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => [`net.ipv4.conf.${place}.${name}`, 0] as const),
  )
  return { 'net.ipv4.ip_forward': 0, ...Object.fromEntries(settings) }
}

/** A bridge without ports never does. */
async function comeUp({ name, path }: Namespace, spec: TopologySpec): Promise<void> {
  const bridges = Object.entries(spec.namespaces[name]?.bridges ?? {}).filter(([, ports]) => ports.length > 0)
  await waitForCarrier(path, [...linksOf(name, spec), ...bridges.map(([bridge]) => bridge)])
}

async function startBackends(namespace: Namespace, spec: TopologySpec): Promise<void> {
  const backends = spec.namespaces[namespace.name]?.backends ?? []
  await Promise.all(backends.map((backend) => namespace.serve(backend)))
}
