/** Node ports. */
import { eth0, type Row, service, slice } from './row.js'

const nodePort = (more: object = {}) => ({ name: 'p80', port: 80, nodePort: 3001, ...more })
const ofBothFamilies = {
  services: [service({ type: 'NodePort', clusterIPs: ['10.20.30.41', 'fd00::41'], ports: [nodePort()] })],
}

export const nodePortRows: readonly Row[] = [
  {
    name: 'a node port is served on the addresses of the node, which are not bound to the link',
    facts: eth0,
    desired: {
      services: [service({ type: 'NodePort', ports: [nodePort()] })],
      endpointSlices: [slice(['10.180.0.1']), slice(['1002:ab8::1'], { name: 'svc-6' })],
    },
    expect: {
      services: { 'tcp 10.20.30.41:80': ['10.180.0.1:80'], 'tcp 100.101.102.103:3001': ['10.180.0.1:80'] },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-NODE-PORT-TCP': ['3001'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
      },
      addresses: ['10.20.30.41'],
      chains: { 'nat KUBE-NODE-PORT': ['KUBE-MARK-MASQ (-p tcp; KUBE-NODE-PORT-TCP dst)'] },
    },
  },
  {
    name: 'a UDP node port is marked by its own set',
    facts: eth0,
    options: { families: ['inet'], nodePortAddresses: ['0.0.0.0/0'] },
    desired: {
      services: [service({ type: 'NodePort', ports: [nodePort({ protocol: 'UDP' })] })],
      endpointSlices: [slice(['10.180.0.1'], { ports: [{ name: 'p80', port: 80, protocol: 'UDP' }] })],
    },
    expect: {
      services: { 'udp 10.20.30.41:80': ['10.180.0.1:80'], 'udp 100.101.102.103:3001': ['10.180.0.1:80'] },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,udp:80'],
        'KUBE-NODE-PORT-UDP': ['3001'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
      },
      chains: {
        'nat KUBE-NODE-PORT': ['KUBE-MARK-MASQ (-p udp; KUBE-NODE-PORT-UDP dst)'],
        'filter KUBE-NODE-PORT': ['ACCEPT (KUBE-HEALTH-CHECK-NODE-PORT dst)'],
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
    name: 'an SCTP node port is an entry for each address of the node',
    facts: eth0,
    desired: {
      services: [
        service({
          type: 'NodePort',
          externalTrafficPolicy: 'Local',
          ports: [nodePort({ protocol: 'SCTP' })],
        }),
      ],
    },
    expect: {
      services: { 'sctp 10.20.30.41:80': [], 'sctp 100.101.102.103:3001': [] },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,sctp:80'],
        'KUBE-NODE-PORT-SCTP-HASH': ['100.101.102.103,sctp:3001'],
        'KUBE-NODE-PORT-LOCAL-SCTP-HASH': ['100.101.102.103,sctp:3001'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
      },
      chains: {
        'nat KUBE-NODE-PORT': [
          'RETURN (-p sctp; KUBE-NODE-PORT-LOCAL-SCTP-HASH dst,dst)',
          'KUBE-MARK-MASQ (-p sctp; KUBE-NODE-PORT-SCTP-HASH dst,dst)',
        ],
      },
    },
  },
  {
    name: 'a node port without endpoints keeps its virtual services, without servers',
    facts: eth0,
    desired: { services: [service({ type: 'NodePort', ports: [nodePort()] })] },
    expect: { services: { 'tcp 10.20.30.41:80': [], 'tcp 100.101.102.103:3001': [] } },
  },
  {
    name: 'a node port is not served on loopback',
    desired: { services: [service({ type: 'NodePort', ports: [nodePort()] })] },
    expect: {
      services: { 'tcp 10.20.30.41:80': [] },
      sets: { 'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'], 'KUBE-IPVS-IPS': ['10.20.30.41'] },
    },
  },
  {
    name: 'a node port is served on every address of the node, link-local ones and the dummy link’s apart',
    options: {},
    facts: {
      addresses: [
        { interface: 'encap0', address: '10.20.30.40' },
        { interface: 'encap0', address: 'fe80::6ee6:e8f1:8ab8:3ecb' },
        { interface: 'ipvs0', address: '172.17.0.1' },
        { interface: 'encap1', address: '1000::' },
        { interface: 'kube-ipvs0', address: '1.2.3.4' },
        { interface: 'kube-ipvs0', address: '2000::' },
        { interface: 'lo', address: '::1' },
      ],
    },
    desired: ofBothFamilies,
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp [fd00::41]:80': [],
        'tcp 10.20.30.40:3001': [],
        'tcp 172.17.0.1:3001': [],
        'tcp [1000::]:3001': [],
      },
    },
  },
  {
    name: 'nodePortAddresses choose among the addresses of their family; another family’s choose nothing',
    options: { nodePortAddresses: ['100.101.102.0/24'] },
    facts: {
      addresses: [
        { interface: 'eth0', address: '100.101.102.103' },
        { interface: 'eth1', address: '192.0.2.1' },
        { interface: 'eth1', address: '2001:db8::1' },
      ],
    },
    desired: ofBothFamilies,
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp [fd00::41]:80': [],
        'tcp 100.101.102.103:3001': [],
        'tcp [2001:db8::1]:3001': [],
      },
    },
  },
  ...(['primary', ['primary']] as const).map((nodePortAddresses): Row => ({
    name: `nodePortAddresses ${JSON.stringify(nodePortAddresses)} choose the node's own address of each family`,
    options: { nodePortAddresses },
    facts: {
      primary: { inet: '192.0.2.1', inet6: '2001:db8::1' },
      addresses: [
        { interface: 'eth0', address: '100.101.102.103' },
        { interface: 'eth1', address: '192.0.2.1' },
        { interface: 'eth1', address: '2001:db8::1' },
        { interface: 'eth2', address: '2001:db8:1::1' },
      ],
    },
    desired: ofBothFamilies,
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp [fd00::41]:80': [],
        'tcp 192.0.2.1:3001': [],
        'tcp [2001:db8::1]:3001': [],
      },
    },
  })),
  {
    name: 'nodePortAddresses that are the primary ones follow nodeIPs, and are none where the node has no such address',
    options: { nodePortAddresses: 'primary', nodeIPs: ['100.101.102.103', '2001:db8::99'] },
    facts: {
      addresses: [
        { interface: 'eth0', address: '192.0.2.1' },
        { interface: 'eth0', address: '100.101.102.103' },
        { interface: 'eth0', address: '2001:db8::1' },
      ],
    },
    desired: ofBothFamilies,
    expect: {
      services: {
        'tcp 10.20.30.41:80': [],
        'tcp [fd00::41]:80': [],
        'tcp 100.101.102.103:3001': [],
      },
    },
  },
  {
    name: 'a Local node port has local servers only and keeps the client’s address',
    facts: eth0,
    options: { families: ['inet'], nodePortAddresses: ['100.101.102.0/24'] },
    desired: {
      services: [service({ type: 'NodePort', externalTrafficPolicy: 'Local', ports: [nodePort()] })],
      endpointSlices: [slice([{ at: '10.180.0.1', local: true }, '10.180.1.1'])],
    },
    expect: {
      services: {
        'tcp 10.20.30.41:80': ['10.180.0.1:80', '10.180.1.1:80'],
        'tcp 100.101.102.103:3001': ['10.180.0.1:80'],
      },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-LOOP-BACK': ['10.180.0.1,tcp:80,10.180.0.1'],
        'KUBE-NODE-PORT-TCP': ['3001'],
        'KUBE-NODE-PORT-LOCAL-TCP': ['3001'],
        'KUBE-IPVS-IPS': ['10.20.30.41'],
      },
      chains: {
        'nat KUBE-NODE-PORT': [
          'RETURN (-p tcp; KUBE-NODE-PORT-LOCAL-TCP dst)',
          'KUBE-MARK-MASQ (-p tcp; KUBE-NODE-PORT-TCP dst)',
        ],
        'filter KUBE-NODE-PORT': ['ACCEPT (KUBE-HEALTH-CHECK-NODE-PORT dst)'],
      },
    },
  },
  {
    name: 'beside kube-proxy, addresses on its dummy link are not the node’s, and serve no node ports',
    options: { families: ['inet'], prefix: 'LU-' },
    facts: {
      addresses: [
        { interface: 'eth0', address: '100.101.102.103' },
        { interface: 'kube-ipvs0', address: '10.96.0.1' },
      ],
    },
    desired: { services: [service({ type: 'NodePort', ports: [nodePort()] })] },
    expect: { services: { 'tcp 10.20.30.41:80': [], 'tcp 100.101.102.103:3001': [] } },
  },
]
