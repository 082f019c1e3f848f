/** The comments of kube-proxy's rules, which tell operators what a rule is for, and other programs whose it is. */
const setComments: Readonly<Record<string, string>> = {
  'LOOP-BACK': 'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose',
  'CLUSTER-IP': 'Kubernetes service cluster ip + port for masquerade purpose',
  'EXTERNAL-IP': 'Kubernetes service external ip + port for masquerade and filter purpose',
  'EXTERNAL-IP-LOCAL': 'Kubernetes service external ip + port with externalTrafficPolicy=local',
  'LOAD-BALANCER': 'Kubernetes service lb portal',
  'LOAD-BALANCER-LOCAL': 'Kubernetes service load balancer ip + port with externalTrafficPolicy=local',
  'LOAD-BALANCER-FW': 'Kubernetes service load balancer ip + port for load balancer with sourceRange',
  'LOAD-BALANCER-SOURCE-CIDR':
    'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  // As an IPv6 set, its name is cut.
  'LOAD-BALANCER-SOURCE-CID':
    'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  'LOAD-BALANCER-SOURCE-IP':
    'Kubernetes service load balancer ip + port + source IP for packet filter purpose',
  'NODE-PORT-TCP': 'Kubernetes nodeport TCP port for masquerade purpose',
  'NODE-PORT-LOCAL-TCP': 'Kubernetes nodeport TCP port with externalTrafficPolicy=local',
  'NODE-PORT-UDP': 'Kubernetes nodeport UDP port for masquerade purpose',
  'NODE-PORT-LOCAL-UDP': 'Kubernetes nodeport UDP port with externalTrafficPolicy=local',
  'NODE-PORT-SCTP-HASH': "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  'NODE-PORT-LOCAL-SCTP-HASH':
    "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  'NODE-PORT-LOCAL-SCTP-HAS':
    "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  'HEALTH-CHECK-NODE-PORT': 'Kubernetes health check node port',
}

const jumpComments: Readonly<Record<string, string>> = {
  'nat OUTPUT SERVICES': 'kubernetes service portals',
  'nat PREROUTING SERVICES': 'kubernetes service portals',
  'nat POSTROUTING POSTROUTING': 'kubernetes postrouting rules',
  'filter FORWARD FORWARD': 'kubernetes forwarding rules',
  'filter INPUT NODE-PORT': 'kubernetes health check rules',
  'filter INPUT PROXY-FIREWALL': 'kube-proxy firewall rules',
  'filter FORWARD PROXY-FIREWALL': 'kube-proxy firewall rules',
  'filter INPUT IPVS-FILTER': 'kubernetes ipvs access filter',
  'filter OUTPUT IPVS-OUT-FILTER': 'kubernetes ipvs access filter',
}

/** The comment that a rule must have, from its chain and its picture (see `rulePicture`); `''`: none. */
export function expectedComment(chain: string, picture: string): string {
  const place = chain.replace(/^v6 /, '').replace(/\b(KUBE|LU)-/, '')
  const jump = jumpComments[`${place} ${picture.replace(/^(KUBE|LU)-/, '')}`]
  if (jump !== undefined && !/\b(KUBE|LU)-/.test(chain)) return jump
  if (place === 'filter FORWARD')
    return picture.includes('ctstate')
      ? 'kubernetes forwarding conntrack rule'
      : 'kubernetes forwarding rules'
  if (place === 'nat POSTROUTING' && /^MASQUERADE(?! \()/.test(picture))
    return 'kubernetes service traffic requiring SNAT'
  // The filter and the rules that end the services' chain match sets without saying more.
  const isBare =
    place === 'filter IPVS-FILTER' || /^ACCEPT \(\S*(CLUSTER-IP|LOAD-BALANCER) dst,dst\)$/.test(picture)
  const set = /\b(?:KUBE|LU)-(?:6-)?([A-Z-]+) (?:dst|src)/.exec(picture)?.[1]
  return isBare || set === undefined ? '' : (setComments[set] ?? `no comment known for ${set}`)
}
