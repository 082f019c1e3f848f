/** Cluster addresses: what every service has. */
import { annotations } from '../../lib/index.js'
import { defaultFacts, type Row, service, slice } from './row.js'

const withoutServices = ['RETURN (-s 127.0.0.0/8)', 'KUBE-NODE-PORT (addrtype dst-type LOCAL)']

export const clusterRows: readonly Row[] = [
  {
    name: 'a cluster address is a virtual service, a set entry and an address on the link',
    desired: { services: [service()], endpointSlices: [slice(['10.180.0.1'])] },
    expect: {
      services: { 'tcp 10.20.30.41:80': ['10.180.0.1:80'] },
      sets: { 'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'], 'KUBE-IPVS-IPS': ['10.20.30.41'] },
      addresses: ['10.20.30.41'],
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'KUBE-MARK-MASQ (KUBE-CLUSTER-IP src,dst)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
        ],
      },
    },
  },
  {
    name: 'without services, chains and sets are there all the same, and jumps stand in order',
    desired: {},
    expect: {
      services: {},
      sets: {},
      addresses: [],
      chains: {
        'nat KUBE-SERVICES': withoutServices,
        'nat KUBE-POSTROUTING': [
          'RETURN (mark ! mark 0x4000/0x4000)',
          'MARK --set-xmark 0x4000/0x0',
          'MASQUERADE --random-fully',
        ],
        'nat KUBE-NODE-PORT': [],
        'nat KUBE-LOAD-BALANCER': ['KUBE-MARK-MASQ'],
        'nat KUBE-MARK-MASQ': ['MARK --set-xmark 0x4000/0x4000'],
        'filter KUBE-FORWARD': [
          'ACCEPT (mark mark 0x4000/0x4000)',
          'ACCEPT (conntrack ctstate RELATED,ESTABLISHED)',
        ],
        'filter KUBE-NODE-PORT': ['ACCEPT (KUBE-HEALTH-CHECK-NODE-PORT dst)'],
        'filter KUBE-PROXY-FIREWALL': [],
        'filter KUBE-SOURCE-RANGES-FIREWALL': ['DROP'],
        'filter KUBE-IPVS-FILTER': [
          'RETURN (KUBE-LOAD-BALANCER dst,dst)',
          'RETURN (KUBE-CLUSTER-IP dst,dst)',
          'RETURN (KUBE-EXTERNAL-IP dst,dst)',
          'RETURN (KUBE-EXTERNAL-IP-LOCAL dst,dst)',
          'RETURN (KUBE-HEALTH-CHECK-NODE-PORT dst)',
          'REJECT --reject-with icmp-port-unreachable (conntrack ctstate NEW; KUBE-IPVS-IPS dst)',
        ],
        'filter KUBE-IPVS-OUT-FILTER': [],
        'nat PREROUTING': ['KUBE-SERVICES'],
        'nat OUTPUT': ['KUBE-SERVICES'],
        'nat POSTROUTING': ['KUBE-POSTROUTING'],
        'filter INPUT': ['KUBE-IPVS-FILTER', 'KUBE-PROXY-FIREWALL', 'KUBE-NODE-PORT'],
        'filter FORWARD': ['KUBE-PROXY-FIREWALL', 'KUBE-FORWARD'],
        'filter OUTPUT': ['KUBE-IPVS-OUT-FILTER'],
      },
    },
  },
  {
    name: 'a service without endpoints keeps its virtual service, with no server',
    desired: { services: [service()] },
    expect: { services: { 'tcp 10.20.30.41:80': [] }, addresses: ['10.20.30.41'] },
  },
  {
    name: 'each port is a virtual service of its own and takes the endpoint port of its name',
    desired: {
      services: [
        service({
          ports: [
            { name: 'http', port: 80 },
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'sig', port: 9, protocol: 'SCTP' },
          ],
        }),
      ],
      endpointSlices: [
        slice(['10.180.0.1'], {
          ports: [
            { name: 'http', port: 8080 },
            { name: 'dns', port: 5353, protocol: 'UDP' },
            { name: 'sig', port: 9, protocol: 'SCTP' },
            { name: 'other', port: 1234 },
          ],
        }),
      ],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:8080'],
        'udp 10.20.30.41:53': ['10.180.0.1:5353'],
        'sctp 10.20.30.41:9': ['10.180.0.1:9'],
      },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,sctp:9', '10.20.30.41,tcp:80', '10.20.30.41,udp:53'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
      },
    },
  },
  {
    name: 'headless services put nothing into the kernel',
    desired: {
      services: [service({ clusterIP: 'None' }), service({ name: 'empty', clusterIP: '' })],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }])],
    },
    expect: { services: {}, sets: {}, addresses: [], chains: { 'nat KUBE-SERVICES': withoutServices } },
  },
  {
    name: 'ExternalName services put nothing into the kernel',
    desired: { services: [service({ type: 'ExternalName', clusterIP: '10.20.30.41' })] },
    expect: { services: {}, sets: {}, addresses: [] },
  },
  {
    name: 'services labelled for another proxy are left to it',
    desired: { services: [service({ labels: { 'service.kubernetes.io/service-proxy-name': 'other' } })] },
    expect: { services: {}, sets: {} },
  },
  {
    name: 'client affinity makes every virtual service of the service persistent, 10800 seconds by default',
    facts: { addresses: [{ interface: 'eth0', address: '100.101.102.103' }] },
    desired: {
      services: [
        service({
          type: 'NodePort',
          sessionAffinity: 'ClientIP',
          externalIPs: ['50.60.70.81'],
          ports: [{ name: 'p80', port: 80, nodePort: 3001 }],
        }),
      ],
      endpointSlices: [slice(['10.180.0.1'])],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80 persistent 10800': ['10.180.0.1:80'],
        'tcp 50.60.70.81:80 persistent 10800': ['10.180.0.1:80'],
        'tcp 100.101.102.103:3001 persistent 10800': ['10.180.0.1:80'],
      },
    },
  },
  {
    name: 'client affinity lasts as long as the service says',
    desired: {
      services: [
        service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }),
      ],
    },
    expect: { services: { 'tcp 10.20.30.41:80 persistent 60': [] } },
  },
  {
    name: 'masqueradeAll masquerades all traffic to cluster addresses',
    options: { families: ['inet'], masqueradeAll: true },
    desired: { services: [service()] },
    expect: {
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'KUBE-MARK-MASQ (KUBE-CLUSTER-IP dst,dst)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
        ],
      },
    },
  },
  ...[
    { kind: 'cidrs' as const, cidrs: ['10.244.0.0/16', 'fd00::/48'], match: '! -s 10.244.0.0/16' },
    { kind: 'bridge' as const, interface: 'cni0', match: '! -i cni0' },
    { kind: 'interface-prefix' as const, prefix: 'veth', match: '! -i veth+' },
  ].map(({ match, ...localTraffic }): Row => ({
    name: `traffic from outside the cluster is masqueraded, told by ${localTraffic.kind}`,
    options: { families: ['inet'], localTraffic },
    desired: { services: [service()] },
    expect: {
      chains: {
        'nat KUBE-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          `KUBE-MARK-MASQ (${match}; KUBE-CLUSTER-IP dst,dst)`,
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-CLUSTER-IP dst,dst)',
        ],
      },
    },
  })),
  {
    name: 'without --random-fully in iptables, masquerading does without it',
    facts: { ...defaultFacts, iptablesRandomFully: false },
    desired: {},
    expect: {
      chains: {
        'nat KUBE-POSTROUTING': [
          'RETURN (mark ! mark 0x4000/0x4000)',
          'MARK --set-xmark 0x4000/0x0',
          'MASQUERADE',
        ],
      },
    },
  },
  {
    name: 'another mark bit moves every mark',
    options: { families: ['inet'], masqueradeBit: 20 },
    desired: {},
    expect: {
      chains: {
        'nat KUBE-MARK-MASQ': ['MARK --set-xmark 0x100000/0x100000'],
        'filter KUBE-FORWARD': [
          'ACCEPT (mark mark 0x100000/0x100000)',
          'ACCEPT (conntrack ctstate RELATED,ESTABLISHED)',
        ],
      },
    },
  },
  {
    name: 'an IPv6 service has sets and rules of its own family, two set names cut to 31 characters',
    options: { families: ['inet6'] },
    desired: {
      services: [
        service({ clusterIP: '1002:ab8::2:1', ports: [{ name: 'p', port: 8080 }] }),
        service({
          name: 'lb',
          type: 'LoadBalancer',
          clusterIP: '1002:ab8::2:2',
          ingress: ['2001:db8::99', '1.2.3.4'],
          loadBalancerSourceRanges: ['2001:db8:5::/48', '10.0.0.0/8'],
          ports: [{ name: 'q', port: 443 }],
        }),
      ],
      endpointSlices: [slice(['1009:ab8::5:6'], { ports: [{ name: 'p', port: 8080 }] })],
    },
    expect: {
      services: {
        'tcp [1002:ab8::2:1]:8080': ['[1009:ab8::5:6]:8080'],
        'tcp [1002:ab8::2:2]:443': [],
        'tcp [2001:db8::99]:443': [],
      },
      sets: {
        'KUBE-6-CLUSTER-IP': ['1002:ab8::2:1,tcp:8080', '1002:ab8::2:2,tcp:443'],
        'KUBE-6-LOAD-BALANCER': ['2001:db8::99,tcp:443'],
        'KUBE-6-LOAD-BALANCER-FW': ['2001:db8::99,tcp:443'],
        'KUBE-6-LOAD-BALANCER-SOURCE-CID': ['2001:db8::99,tcp:443,2001:db8:5::/48'],
        'KUBE-6-IPVS-IPS': ['1002:ab8::2:1', '1002:ab8::2:2', '2001:db8::99'],
      },
      addresses: ['1002:ab8::2:1', '1002:ab8::2:2', '2001:db8::99'],
      chains: {
        'v6 nat KUBE-SERVICES': [
          'RETURN (-s ::1/128)',
          'KUBE-LOAD-BALANCER (KUBE-6-LOAD-BALANCER dst,dst)',
          'KUBE-MARK-MASQ (KUBE-6-CLUSTER-IP src,dst)',
          'KUBE-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (KUBE-6-CLUSTER-IP dst,dst)',
          'ACCEPT (KUBE-6-LOAD-BALANCER dst,dst)',
        ],
        'v6 filter KUBE-IPVS-OUT-FILTER': [
          'DROP (-s 2001:db8::99/128; ipvs vproto 6 vaddr 2001:db8::99 vport 443)',
        ],
      },
    },
  },
  {
    name: 'a dual-stack service is served in both families, each from its own endpoints',
    options: {},
    desired: {
      services: [service({ clusterIPs: ['10.20.30.41', 'fd00::41'] })],
      endpointSlices: [slice(['10.180.0.1']), slice(['fd01::1'], { name: 'svc-6' })],
    },
    expect: {
      services: { 'tcp 10.20.30.41:80': ['10.180.0.1:80'], 'tcp [fd00::41]:80': ['[fd01::1]:80'] },
      addresses: ['10.20.30.41', 'fd00::41'],
    },
  },
  {
    name: 'a service says its own scheduler, flags, weight and forwarding',
    desired: {
      services: [
        service({
          annotations: {
            [annotations.scheduler]: 'sh',
            [annotations.schedulerFlags]: 'sh-port, sh-fallback',
            [annotations.weight]: '10',
            [annotations.forwarding]: 'direct',
          },
        }),
      ],
      endpointSlices: [slice(['10.180.0.1'])],
    },
    expect: {
      services: { 'tcp 10.20.30.41:80 sh flags sh-fallback,sh-port': ['10.180.0.1:80 direct weight 10'] },
    },
  },
  {
    name: 'mh hashes ports too',
    options: { families: ['inet'], scheduler: 'mh' },
    desired: { services: [service()] },
    expect: { services: { 'tcp 10.20.30.41:80 mh flags mh-port': [] } },
  },
  {
    name: 'virtual addresses answer ping where that is asked for',
    options: { families: ['inet'], answerPing: true },
    desired: {},
    expect: {
      chains: {
        'filter KUBE-IPVS-FILTER': [
          'RETURN (KUBE-LOAD-BALANCER dst,dst)',
          'RETURN (KUBE-CLUSTER-IP dst,dst)',
          'RETURN (KUBE-EXTERNAL-IP dst,dst)',
          'RETURN (KUBE-EXTERNAL-IP-LOCAL dst,dst)',
          'RETURN (KUBE-HEALTH-CHECK-NODE-PORT dst)',
          'RETURN (-p icmp; icmp icmp-type 8)',
          'REJECT --reject-with icmp-port-unreachable (conntrack ctstate NEW; KUBE-IPVS-IPS dst)',
        ],
      },
    },
  },
  {
    name: 'another prefix renames sets, chains and the link, so that two live side by side',
    options: { families: ['inet'], prefix: 'LU-' },
    desired: { services: [service()], endpointSlices: [slice(['10.180.0.1'])] },
    expect: {
      sets: { 'LU-CLUSTER-IP': ['10.20.30.41,tcp:80'], 'LU-IPVS-IPS': ['10.20.30.41'] },
      chains: {
        'nat LU-SERVICES': [
          'RETURN (-s 127.0.0.0/8)',
          'LU-MARK-MASQ (LU-CLUSTER-IP src,dst)',
          'LU-NODE-PORT (addrtype dst-type LOCAL)',
          'ACCEPT (LU-CLUSTER-IP dst,dst)',
        ],
        'nat PREROUTING': ['LU-SERVICES'],
      },
    },
  },
]
