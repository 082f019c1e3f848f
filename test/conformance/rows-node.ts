/** What the director asks of the node as a whole: settings, and how sets are made. */
import { setRoles } from '../../lib/director/state/sets.js'
import { type Row, service, slice } from './row.js'

const always = {
  'net.ipv4.vs.conntrack': '1',
  'net.ipv4.vs.expire_nodest_conn': '1',
  'net.ipv4.vs.expire_quiescent_template': '1',
  'net.ipv4.ip_forward': '1',
}

const bitmaps = ['NODE-PORT-TCP', 'NODE-PORT-LOCAL-TCP', 'NODE-PORT-UDP', 'NODE-PORT-LOCAL-UDP']
const types: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...bitmaps, 'HEALTH-CHECK-NODE-PORT'].map((name) => [name, 'bitmap:port'])),
  'LOOP-BACK': 'hash:ip,port,ip',
  'LOAD-BALANCER-SOURCE-CIDR': 'hash:ip,port,net',
  'LOAD-BALANCER-SOURCE-IP': 'hash:ip,port,ip',
  'IPVS-IPS': 'hash:ip',
}

const allSets = (prefix: string, family: string): Record<string, string> =>
  Object.fromEntries(
    setRoles.map((role) => {
      const type = types[role] ?? 'hash:ip,port'
      const options =
        type === 'bitmap:port' ? 'range 0-65535' : `family ${family} hashsize 1024 maxelem 65536`
      return [`${prefix}${role}`.slice(0, 31), `${type} ${options}`]
    }),
  )

/** A Local policy and the endpoints that it finds; how many services then count as without local ones. */
function policyRow(
  policy: 'internal' | 'external',
  kind: 'Cluster' | 'Local',
  endpoints: 'local' | 'remote' | 'no',
  counted: number,
): Row {
  const own = { at: '10.180.0.1', local: true }
  const found = { local: [own, '10.180.1.1'], remote: ['10.180.1.1'], no: [] }[endpoints]
  return {
    name: `the ${policy} policy ${kind} with ${endpoints} endpoints counts ${counted} without local ones`,
    desired: {
      services: [
        service(
          policy === 'internal'
            ? { internalTrafficPolicy: kind }
            : { externalTrafficPolicy: kind, type: 'LoadBalancer', ingress: ['1.2.3.4'] },
        ),
      ],
      endpointSlices: [slice(found)],
    },
    expect: {},
    withoutLocal: { internal: 0, external: 0, [policy]: counted },
  }
}

export const nodeRows: readonly Row[] = [
  {
    name: 'settings are those that masquerading and endings of connections need, and no others',
    desired: {},
    expect: { sysctls: always },
  },
  {
    name: 'strict ARP keeps other links silent about virtual addresses',
    options: { families: ['inet'], strictArp: true },
    desired: {},
    expect: {
      sysctls: { ...always, 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
    },
  },
  {
    name: 'settings of conntrack are written where they are asked for; 0 leaves them',
    options: {
      families: ['inet'],
      conntrack: {
        maxPerCore: 0,
        min: 131072,
        tcpEstablishedSeconds: 86400,
        tcpCloseWaitSeconds: 3600,
        tcpBeLiberal: true,
        udpSeconds: 0,
        udpStreamSeconds: 121,
      },
    },
    desired: {},
    expect: {
      sysctls: {
        ...always,
        'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
        'net.netfilter.nf_conntrack_tcp_timeout_close_wait': '3600',
        'net.netfilter.nf_conntrack_tcp_be_liberal': '1',
        'net.netfilter.nf_conntrack_udp_timeout_stream': '121',
      },
    },
  },
  ...(['4.1.0', '5.8.18'] as const).map((kernelRelease) => ({
    name: `on Linux ${kernelRelease} a reused port is not delayed`,
    facts: { kernelRelease },
    desired: {},
    expect: { sysctls: { ...always, 'net.ipv4.vs.conn_reuse_mode': '0' } },
  })),
  ...(['4.0.9', '5.9.0'] as const).map((kernelRelease) => ({
    name: `on Linux ${kernelRelease} the kernel's own way with reused ports is left`,
    facts: { kernelRelease },
    desired: {},
    expect: { sysctls: always },
  })),
  {
    name: 'all 17 sets of IPv4 are made as kube-proxy makes them',
    desired: {},
    expect: { setOptions: allSets('KUBE-', 'inet') },
  },
  {
    name: 'all 17 sets of IPv6 are made as kube-proxy makes them',
    options: { families: ['inet6'] },
    desired: {},
    expect: { setOptions: allSets('KUBE-6-', 'inet6') },
  },
  policyRow('internal', 'Cluster', 'remote', 0),
  policyRow('internal', 'Local', 'local', 0),
  policyRow('internal', 'Local', 'remote', 1),
  policyRow('external', 'Cluster', 'remote', 0),
  policyRow('external', 'Local', 'local', 0),
  policyRow('external', 'Local', 'remote', 1),
  policyRow('external', 'Local', 'no', 0),
]
