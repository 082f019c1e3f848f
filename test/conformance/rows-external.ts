/** External addresses and balancer addresses. */
import { eth0, type Row, service, slice } from './row.js'

const balancer = (more: Parameters<typeof service>[0] = {}) =>
  service({ type: 'LoadBalancer', ingress: ['1.2.3.4'], ...more })
const ready = slice(['10.180.0.1'])

export const externalRows: readonly Row[] = [
  {
    name: 'external addresses are served like the cluster address, those of the other family dropped',
    desired: {
      services: [service({ externalIPs: ['50.60.70.81', '2012::51', '127.0.0.1'] })],
      endpointSlices: [ready],
    },
    facts: { addresses: [{ interface: 'eth0', address: '100.101.102.103' }] },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:80'],
        'tcp 50.60.70.81:80': ['10.180.0.1:80'],
        'tcp 127.0.0.1:80': ['10.180.0.1:80'],
      },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-EXTERNAL-IP': ['127.0.0.1,tcp:80', '50.60.70.81,tcp:80'],
        'KUBE-IPVS-IPS': ['10.20.30.41', '127.0.0.1', '50.60.70.81'],
      },
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'KUBE-MARK-MASQ (KUBE-CLUSTER-IP src,dst)',
          'KUBE-MARK-MASQ (KUBE-EXTERNAL-IP dst,dst)',
          'ACCEPT (KUBE-EXTERNAL-IP dst,dst; physdev ! physdev-is-in; addrtype ! src-type LOCAL)',
          'ACCEPT (KUBE-EXTERNAL-IP dst,dst; addrtype dst-type LOCAL)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
        ],
      },
    },
  },
  {
    name: 'an external address without endpoints is a virtual service without servers',
    desired: { services: [service({ externalIPs: ['50.60.70.81'] })] },
    expect: { services: { 'tcp 10.20.30.41:80': [], 'tcp 50.60.70.81:80': [] } },
  },
  {
    name: 'with the Local policy an external address has local servers and is not masqueraded',
    desired: {
      services: [service({ externalIPs: ['50.60.70.81'], externalTrafficPolicy: 'Local' })],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }, '10.180.1.1'])],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:80', '10.180.1.1:80'],
        'tcp 50.60.70.81:80': ['10.180.0.1:80'],
      },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-EXTERNAL-IP-LOCAL': ['50.60.70.81,tcp:80'],
        'KUBE-LOOP-BACK': ['10.180.0.1,tcp:80,10.180.0.1'],
        'KUBE-IPVS-IPS': ['10.20.30.41', '50.60.70.81'],
      },
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'KUBE-MARK-MASQ (KUBE-CLUSTER-IP src,dst)',
          'ACCEPT (KUBE-EXTERNAL-IP-LOCAL dst,dst; physdev ! physdev-is-in; addrtype ! src-type LOCAL)',
          'ACCEPT (KUBE-EXTERNAL-IP-LOCAL dst,dst; addrtype dst-type LOCAL)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
        ],
      },
    },
  },
  {
    name: 'an address that another interface of the node has is served and not bound',
    facts: eth0,
    desired: {
      services: [
        service({ externalIPs: ['100.101.102.103'] }),
        balancer({ name: 'lb', clusterIP: '10.20.30.42', ingress: ['100.101.102.103'], ports: [443] }),
      ],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp 10.20.30.42:443': [],
        'tcp 100.101.102.103:80': [],
        'tcp 100.101.102.103:443': [],
      },
      addresses: ['10.20.30.41', '10.20.30.42'],
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80', '10.20.30.42,tcp:443'],
        'KUBE-EXTERNAL-IP': ['100.101.102.103,tcp:80'],
        'KUBE-LOAD-BALANCER': ['100.101.102.103,tcp:443'],
        'KUBE-IPVS-IPS': ['10.20.30.41', '10.20.30.42'],
      },
    },
  },
  {
    name: 'two services share an external address on different ports',
    desired: {
      services: [
        service({ name: 'a', externalIPs: ['50.60.70.81'] }),
        service({ name: 'b', clusterIP: '10.20.30.42', externalIPs: ['50.60.70.81'], ports: [443] }),
      ],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp 10.20.30.42:443': [],
        'tcp 50.60.70.81:80': [],
        'tcp 50.60.70.81:443': [],
      },
      addresses: ['10.20.30.41', '10.20.30.42', '50.60.70.81'],
    },
  },
  {
    name: 'of two services that claim one external address and port, the older one has it',
    desired: {
      services: [
        service({ name: 'a', externalIPs: ['50.60.70.81'], creationTimestamp: '2026-02-01T00:00:00Z' }),
        service({
          name: 'b',
          clusterIP: '10.20.30.42',
          externalIPs: ['50.60.70.81'],
          creationTimestamp: '2026-01-01T00:00:00Z',
        }),
      ],
      endpointSlices: [slice(['10.180.0.1'], { of: 'a' }), slice(['10.180.0.2'], { of: 'b' })],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:80'],
        'tcp 10.20.30.42:80': ['10.180.0.2:80'],
        'tcp 50.60.70.81:80': ['10.180.0.2:80'],
      },
    },
  },
  {
    name: 'a balancer address is masqueraded and accepted',
    desired: {
      services: [balancer({ ports: [{ name: 'p80', port: 80, nodePort: 3001 }] })],
      endpointSlices: [ready],
    },
    expect: {
      services: { 'tcp 10.20.30.41:80': ['10.180.0.1:80'], 'tcp 1.2.3.4:80': ['10.180.0.1:80'] },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'KUBE-LOAD-BALANCER (KUBE-LOAD-BALANCER dst,dst)',
          'KUBE-MARK-MASQ (KUBE-CLUSTER-IP src,dst)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
          'ACCEPT (KUBE-LOAD-BALANCER dst,dst)',
        ],
        'nat KUBE-LOAD-BALANCER': ['KUBE-MARK-MASQ'],
      },
    },
  },
  {
    name: 'with the Local policy a balancer address has local servers and returns before it is marked',
    desired: {
      services: [balancer({ externalTrafficPolicy: 'Local' })],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }, '10.180.1.1'])],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:80', '10.180.1.1:80'],
        'tcp 1.2.3.4:80': ['10.180.0.1:80'],
      },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-LOCAL': ['1.2.3.4,tcp:80'],
        'KUBE-LOOP-BACK': ['10.180.0.1,tcp:80,10.180.0.1'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: {
        'nat KUBE-LOAD-BALANCER': ['RETURN (KUBE-LOAD-BALANCER-LOCAL dst,dst)', 'KUBE-MARK-MASQ'],
      },
    },
  },
  {
    name: 'a balancer that ends connections itself (ipMode Proxy) leaves its address to itself',
    desired: {
      services: [
        balancer({
          ingress: [
            { ip: '1.2.3.4', ipMode: 'Proxy' },
            { ip: '1.2.3.5', ipMode: 'VIP' },
          ],
        }),
      ],
    },
    expect: { services: { 'tcp 10.20.30.41:80': [], 'tcp 1.2.3.5:80': [] } },
  },
  {
    name: 'source ranges without this node: strangers are dropped, and so is the node itself on its way out',
    facts: eth0,
    desired: {
      services: [balancer({ loadBalancerSourceRanges: ['10.0.0.0/8', ' 203.0.113.7/32', '2001:db8::/32'] })],
    },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-FW': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-SOURCE-CIDR': ['1.2.3.4,tcp:80,10.0.0.0/8', '1.2.3.4,tcp:80,203.0.113.7'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: {
        'filter KUBE-PROXY-FIREWALL': ['KUBE-SOURCE-RANGES-FIREWALL (KUBE-LOAD-BALANCER-FW dst,dst)'],
        'filter KUBE-SOURCE-RANGES-FIREWALL': ['RETURN (KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src)', 'DROP'],
        'filter KUBE-IPVS-OUT-FILTER': ['DROP (-s 1.2.3.4/32; ipvs vproto 6 vaddr 1.2.3.4 vport 80)'],
      },
    },
  },
  {
    name: 'source ranges that hold this node: it reaches the address with that address as its source',
    facts: eth0,
    desired: { services: [balancer({ loadBalancerSourceRanges: ['100.101.0.0/16'] })] },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-FW': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-SOURCE-CIDR': ['1.2.3.4,tcp:80,100.101.0.0/16'],
        'KUBE-LOAD-BALANCER-SOURCE-IP': ['1.2.3.4,tcp:80,1.2.3.4'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: {
        'filter KUBE-SOURCE-RANGES-FIREWALL': [
          'RETURN (KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src)',
          'RETURN (KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src)',
          'DROP',
        ],
        'filter KUBE-IPVS-OUT-FILTER': [],
      },
    },
  },
  {
    name: 'a source range of everything is no restriction',
    desired: { services: [balancer({ loadBalancerSourceRanges: ['10.0.0.0/8', '0.0.0.0/0'] })] },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: { 'filter KUBE-PROXY-FIREWALL': [], 'filter KUBE-IPVS-OUT-FILTER': [] },
    },
  },
  {
    name: 'source ranges restrict neither node ports nor external addresses',
    facts: eth0,
    desired: {
      services: [
        balancer({
          loadBalancerSourceRanges: ['10.0.0.0/8'],
          externalIPs: ['50.60.70.81'],
          ports: [{ name: 'p80', port: 80, nodePort: 3001 }],
        }),
      ],
    },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-EXTERNAL-IP': ['50.60.70.81,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-FW': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-SOURCE-CIDR': ['1.2.3.4,tcp:80,10.0.0.0/8'],
        'KUBE-NODE-PORT-TCP': ['3001'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41', '50.60.70.81'],
      },
    },
  },
  {
    name: 'health-check node ports of Local balancers are let in, those of Cluster ones do not exist',
    desired: {
      services: [
        balancer({ name: 'a', externalTrafficPolicy: 'Local', healthCheckNodePort: 30000 }),
        balancer({
          name: 'b',
          clusterIP: '10.20.30.42',
          ingress: ['1.2.3.5'],
          externalTrafficPolicy: 'Local',
          healthCheckNodePort: 30001,
        }),
        balancer({ name: 'c', clusterIP: '10.20.30.43', ingress: ['1.2.3.6'], healthCheckNodePort: 30002 }),
      ],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }, '10.180.1.1'], { of: 'a' })],
    },
    healthChecks: { 30000: 1, 30001: 0 },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80', '10.20.30.42,tcp:80', '10.20.30.43,tcp:80'],
        'KUBE-HEALTH-CHECK-NODE-PORT': ['30000', '30001'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80', '1.2.3.5,tcp:80', '1.2.3.6,tcp:80'],
        'KUBE-LOAD-BALANCER-LOCAL': ['1.2.3.4,tcp:80', '1.2.3.5,tcp:80'],
        'KUBE-LOOP-BACK': ['10.180.0.1,tcp:80,10.180.0.1'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '1.2.3.5', '1.2.3.6', '10.20.30.41', '10.20.30.42', '10.20.30.43'],
      },
    },
  },
  {
    name: 'a health check counts ready local endpoints only, not those that serve while they end',
    desired: {
      services: [balancer({ externalTrafficPolicy: 'Local', healthCheckNodePort: 30000 })],
      endpointSlices: [
        slice([{ at: '10.180.0.1', local: true, ready: false, serving: true, terminating: true }]),
      ],
    },
    healthChecks: { 30000: 0 },
    expect: {
      services: { 'tcp 10.20.30.41:80': ['10.180.0.1:80'], 'tcp 1.2.3.4:80': ['10.180.0.1:80'] },
    },
  },
  ...(
    [
      ['the default route’s', { primary: { inet: '100.101.102.103' } }, {}],
      ['the one of the option nodeIPs', {}, { nodeIPs: ['100.101.102.103'] }],
    ] as const
  ).map(([which, more, options]) => ({
    name: `of several addresses, the node’s own is ${which}, not the first`,
    facts: {
      addresses: [
        { interface: 'docker0', address: '172.17.0.1' },
        { interface: 'eth0', address: '100.101.102.103' },
      ],
      ...more,
    },
    options: { families: ['inet' as const], ...options },
    desired: { services: [balancer({ loadBalancerSourceRanges: ['100.101.102.0/24'] })] },
    expect: {
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-FW': ['1.2.3.4,tcp:80'],
        'KUBE-LOAD-BALANCER-SOURCE-CIDR': ['1.2.3.4,tcp:80,100.101.102.0/24'],
        'KUBE-LOAD-BALANCER-SOURCE-IP': ['1.2.3.4,tcp:80,1.2.3.4'],
        'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41'],
      },
      chains: { 'filter KUBE-IPVS-OUT-FILTER': [] },
    },
  })),
]
