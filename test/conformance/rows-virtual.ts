/** Plain virtual services: what other control planes hand over. */
import type { Row } from './row.js'
import { service } from './row.js'

export const virtualRows: readonly Row[] = [
  {
    name: 'a plain virtual service is accepted and masqueraded like a cluster address',
    desired: {
      virtualServices: [
        {
          protocol: 'tcp',
          address: '198.51.100.1',
          port: 80,
          servers: [{ address: '10.1.0.1', port: 8080, weight: 5 }],
        },
      ],
    },
    expect: {
      services: { 'tcp 198.51.100.1:80': ['10.1.0.1:8080 weight 5'] },
      sets: { 'KUBE-CLUSTER-IP': ['198.51.100.1,tcp:80'], 'KUBE-IPVS-IPS': ['198.51.100.1'] },
      addresses: ['198.51.100.1'],
    },
  },
  {
    name: 'direct and tunnel servers answer clients themselves, so nothing is masqueraded',
    desired: {
      virtualServices: [
        {
          protocol: 'udp',
          address: '198.51.100.1',
          port: 53,
          scheduler: 'wrr',
          servers: [
            { address: '10.1.0.1', forwarding: 'direct' },
            { address: '10.1.0.2', forwarding: 'tunnel', weight: 0 },
          ],
        },
      ],
    },
    expect: {
      services: { 'udp 198.51.100.1:53 wrr': ['10.1.0.1:53 direct', '10.1.0.2:53 tunnel weight 0'] },
      sets: { 'KUBE-EXTERNAL-IP-LOCAL': ['198.51.100.1,udp:53'], 'KUBE-IPVS-IPS': ['198.51.100.1'] },
    },
  },
  {
    name: 'a firewall-mark service has no address; an entry that no packet matches tells whose it is',
    desired: {
      virtualServices: [{ fwmark: 7, family: 'inet', servers: [{ address: '10.1.0.1', port: 80 }] }],
    },
    expect: {
      services: { 'fwmark 7 inet': ['10.1.0.1:80'] },
      sets: { 'KUBE-CLUSTER-IP': ['0.0.0.7,udplite:0'] },
      addresses: [],
    },
  },
  {
    name: 'a service of every port is bound and not filtered; its entry of port 0 tells whose it is',
    desired: {
      virtualServices: [
        {
          protocol: 'tcp',
          address: '198.51.100.1',
          port: 0,
          persistence: { timeoutSeconds: 60 },
          servers: [{ address: '10.1.0.1' }],
        },
      ],
    },
    expect: {
      sets: { 'KUBE-CLUSTER-IP': ['198.51.100.1,tcp:0'] },
      addresses: ['198.51.100.1'],
    },
  },
  {
    name: 'plain and Kubernetes services share an address',
    desired: {
      services: [service({ externalIPs: ['198.51.100.1'] })],
      virtualServices: [
        { protocol: 'tcp', address: '198.51.100.1', port: 443, sourceNat: true, servers: [] },
      ],
    },
    expect: {
      services: { 'tcp 10.20.30.41:80': [], 'tcp 198.51.100.1:80': [], 'tcp 198.51.100.1:443': [] },
      sets: {
        'KUBE-CLUSTER-IP': ['10.20.30.41,tcp:80'],
        'KUBE-EXTERNAL-IP': ['198.51.100.1,tcp:443', '198.51.100.1,tcp:80'],
        'KUBE-IPVS-IPS': ['10.20.30.41', '198.51.100.1'],
      },
      addresses: ['10.20.30.41', '198.51.100.1'],
    },
  },
]
