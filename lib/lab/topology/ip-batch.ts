/** A topology as input for `ip -batch`: one program run a namespace, however much is in it. */
import {
  checkedAddress,
  checkedLink,
  checkedPrefix,
  wireEnd,
  type NamespaceSpec,
  type RouteSpec,
  type TopologySpec,
} from './spec.js'

/** Commands in the machine's own namespace: make the namespaces and lay the wires. */
export function layoutCommands(spec: TopologySpec, netnsName: (namespace: string) => string): string[] {
  const namespaces = Object.keys(spec.namespaces).map((name) => `netns add ${netnsName(name)}`)
  const wires = (spec.wires ?? []).map((ends, index) => {
    const [one, other] = ends.map((end, side) => wireEnd(`wires[${index}][${side}]`, end, spec))
    return `link add ${at(one)} type veth peer ${at(other)}`
  })
  return [...namespaces, ...wires]

  function at(end: ReturnType<typeof wireEnd> | undefined): string {
    return end === undefined ? '' : `name ${end.link} netns ${netnsName(end.namespace)}`
  }
}

/** Commands inside one namespace. `wired` names the links that wires brought there. */
export function namespaceCommands(name: string, spec: NamespaceSpec, wired: readonly string[]): string[] {
  const field = `namespaces.${name}`
  const bridges = Object.entries(spec.bridges ?? {})
  const dummies = spec.dummies ?? []
  const links = ['lo', ...wired, ...bridges.map(([bridge]) => bridge), ...dummies]
  return [
    ...bridges.map(([bridge]) => `link add name ${checkedLink(`${field}.bridges`, bridge)} type bridge`),
    ...dummies.map((dummy) => `link add name ${checkedLink(`${field}.dummies`, dummy)} type dummy`),
    ...bridges.flatMap(([bridge, ports]) =>
      ports.map((port) => `link set dev ${checkedLink(`${field}.bridges.${bridge}`, port)} master ${bridge}`),
    ),
    ...links.map((link) => `link set dev ${link} up`),
    ...Object.entries(spec.addresses ?? {}).flatMap(([link, addresses]) =>
      addresses.map((address) => addressCommand('add', link, address, `${field}.addresses`)),
    ),
    ...(spec.routes ?? []).map((route, index) => routeCommand(route, `${field}.routes[${index}]`)),
  ]
}

export function addressCommand(verb: 'add' | 'del', link: string, prefix: string, field: string): string {
  const address = checkedPrefix(field, prefix)
  // An IPv6 address is of no use for its first second or two, unless detection of duplicates is off.
  const flags = verb === 'add' && address.includes(':') ? ' nodad' : ''
  return `address ${verb} ${address} dev ${checkedLink(field, link)}${flags}`
}

export function routeCommand({ to, via, link }: RouteSpec, field: string): string {
  const target = to === 'default' ? to : checkedPrefix(`${field}.to`, to)
  return [
    `route add ${target}`,
    ...(via === undefined ? [] : [`via ${checkedAddress(`${field}.via`, via)}`]),
    ...(link === undefined ? [] : [`dev ${checkedLink(`${field}.link`, link)}`]),
  ].join(' ')
}
