/** Kubernetes services whose servers answer clients themselves: nobody's address may be replaced by the node's. */
import { annotations } from '../../lib/index.js'
import { eth0, type Row, service, slice } from './row.js'

const exposed = (forwarding: string) =>
  service({
    type: 'LoadBalancer',
    annotations: { [annotations.forwarding]: forwarding },
    externalIPs: ['50.60.70.81'],
    ingress: ['1.2.3.4'],
    ports: [{ name: 'p80', port: 80, nodePort: 80 }],
  })

export const forwardingRows: readonly Row[] = ['direct', 'tunnel'].map((forwarding) => ({
  name: `with forwarding ${forwarding} no client of any address of a service is masqueraded`,
  facts: eth0,
  options: { families: ['inet'], localTraffic: { kind: 'cidrs', cidrs: ['10.0.0.0/8'] } },
  desired: { services: [exposed(forwarding)], endpointSlices: [slice(['10.180.0.1'])] },
  expect: {
    services: {
      'tcp 10.20.30.41:80': [`10.180.0.1:80 ${forwarding}`],
      'tcp 50.60.70.81:80': [`10.180.0.1:80 ${forwarding}`],
      'tcp 1.2.3.4:80': [`10.180.0.1:80 ${forwarding}`],
      'tcp 100.101.102.103:80': [`10.180.0.1:80 ${forwarding}`],
    },
    sets: {
      'KUBE-EXTERNAL-IP-LOCAL': ['10.20.30.41,tcp:80', '50.60.70.81,tcp:80'],
      'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
      'KUBE-LOAD-BALANCER-LOCAL': ['1.2.3.4,tcp:80'],
      'KUBE-NODE-PORT-TCP': ['80'],
      'KUBE-NODE-PORT-LOCAL-TCP': ['80'],
      'KUBE-IPVS-IPS': ['1.2.3.4', '10.20.30.41', '50.60.70.81'],
    },
    chains: {
      'nat KUBE-LOAD-BALANCER': ['RETURN (KUBE-LOAD-BALANCER-LOCAL dst,dst)', 'KUBE-MARK-MASQ'],
      'nat KUBE-NODE-PORT': [
        'RETURN (-p tcp; KUBE-NODE-PORT-LOCAL-TCP dst)',
        'KUBE-MARK-MASQ (-p tcp; KUBE-NODE-PORT-TCP dst)',
      ],
    },
  },
}))
