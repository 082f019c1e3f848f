/** Draws a network as text, from the same description that it is made from. */
import type { NamespaceSpec, TopologySpec } from '../topology/index.js'

type End = { namespace: string; link: string }

/** Bridges as trees of what hangs on them, then the other wires, then what namespaces hold beside their wires. */
export function drawTopology(spec: TopologySpec, roles: Readonly<Record<string, string>> = {}): string[] {
  const wires = (spec.wires ?? []).map(([one, other]) => [endOf(one), endOf(other)] as const)
  const drawn = new Set<(typeof wires)[number]>()
  const bridges = Object.entries(spec.namespaces).flatMap(([name, namespace]) =>
    Object.entries(namespace.bridges ?? {}).flatMap(([bridge, ports]) => {
      const branches = ports.map((port) => {
        const wire = wires.find((ends) => ends.some((end) => end.namespace === name && end.link === port))
        if (wire !== undefined) drawn.add(wire)
        const peer = wire?.find((end) => end.namespace !== name || end.link !== port)
        if (peer === undefined) return port
        return peer.namespace === port ? describe(peer) : `${port} ── ${describe(peer)}`
      })
      return [`${describe({ namespace: name, link: bridge })}  (bridge)`, ...tree(branches)]
    }),
  )
  const others = wires
    .filter((wire) => !drawn.has(wire))
    .map(([one, other]) => `${describe(one)} ──── ${describe(other)}`)
  return [...bridges, ...others, ...Object.entries(spec.namespaces).flatMap(alone), ...legend(roles)]

  function describe({ namespace, link }: End): string {
    const { addresses, backends } = spec.namespaces[namespace] ?? {}
    const servers = (backends ?? []).map(({ protocol, port }) => `${protocol} :${port}`)
    const held = (addresses?.[link] ?? []).map(withRole)
    return [`${namespace} ${link}`, held.join(', '), servers.length > 0 ? `[${servers.join(', ')}]` : '']
      .filter((part) => part !== '')
      .join('  ')
  }

  function withRole(prefix: string): string {
    const role = roles[prefix.split('/')[0] ?? '']
    return role === undefined ? prefix : `${prefix} (${role})`
  }

  function alone([name, { dummies = [], addresses = {} }]: [string, NamespaceSpec]): string[] {
    const links = ['lo', ...dummies].filter((link) => dummies.includes(link) || addresses[link] !== undefined)
    return links.map((link) => describe({ namespace: name, link }))
  }
}

function tree(branches: readonly string[]): string[] {
  return branches.map((branch, index) => `${index < branches.length - 1 ? '├─' : '└─'} ${branch}`)
}

/** Roles of addresses that steps add later are in no drawing; so all of them are told. */
function legend(roles: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(roles).map(([address, role]) => `${role} ${address}`)
  return entries.length === 0 ? [] : ['', entries.join('   ')]
}

function endOf(text: string): End {
  const [namespace = '', link = ''] = text.split(':')
  return { namespace, link }
}
