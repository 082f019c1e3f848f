/**
 * The parts of Kubernetes objects that the director reads, as structural types: objects from any client library, or
 * parsed from YAML, fit as they are. Fields that the director does not read are not mentioned and are ignored.
 *
 * Source: Kubernetes API v1 `Service`, discovery.k8s.io/v1 `EndpointSlice`.
 */
/** Absent, null or there: clients write what is not set in different ways. */
export type Maybe<T> = T | null | undefined

export interface KubernetesMetadata {
  readonly name?: Maybe<string>
  /** @default 'default' */
  readonly namespace?: Maybe<string>
  readonly labels?: Maybe<Readonly<Record<string, string>>>
  readonly annotations?: Maybe<Readonly<Record<string, string>>>
  /** Decides between two services that claim the same address and port: the older one has it. */
  readonly creationTimestamp?: Maybe<string | Date>
}

export interface KubernetesServicePort {
  /** May be left out where a service has one port. */
  readonly name?: Maybe<string>
  /** `'TCP'` (default), `'UDP'` or `'SCTP'`. */
  readonly protocol?: Maybe<string>
  readonly port: number
  readonly nodePort?: Maybe<number>
}

export interface KubernetesServiceSpec {
  readonly type?: Maybe<string>
  /** `'None'` or empty: headless, nothing is programmed. */
  readonly clusterIP?: Maybe<string>
  /** At most one of each family. */
  readonly clusterIPs?: Maybe<readonly string[]>
  readonly ports?: Maybe<readonly KubernetesServicePort[]>
  readonly externalIPs?: Maybe<readonly string[]>
  readonly sessionAffinity?: Maybe<string>
  readonly sessionAffinityConfig?: Maybe<{
    readonly clientIP?: Maybe<{ readonly timeoutSeconds?: Maybe<number> }>
  }>
  readonly externalTrafficPolicy?: Maybe<string>
  readonly internalTrafficPolicy?: Maybe<string>
  readonly loadBalancerSourceRanges?: Maybe<readonly string[]>
  readonly healthCheckNodePort?: Maybe<number>
}

export interface KubernetesIngress {
  readonly ip?: Maybe<string>
  readonly hostname?: Maybe<string>
  /** `'VIP'` (default) or `'Proxy'`: the address belongs to the balancer, nodes leave it alone. */
  readonly ipMode?: Maybe<string>
}

/** A `v1/Service`. */
export interface KubernetesService {
  readonly metadata?: Maybe<KubernetesMetadata>
  readonly spec?: Maybe<KubernetesServiceSpec>
  readonly status?: Maybe<{
    readonly loadBalancer?: Maybe<{ readonly ingress?: Maybe<readonly KubernetesIngress[]> }>
  }>
}

export interface KubernetesEndpoint {
  /** Only the first is used, as the API asks. */
  readonly addresses?: Maybe<readonly string[]>
  readonly conditions?: Maybe<{
    /** @default true */
    readonly ready?: Maybe<boolean>
    /** @default true */
    readonly serving?: Maybe<boolean>
    /** @default false */
    readonly terminating?: Maybe<boolean>
  }>
  readonly nodeName?: Maybe<string>
  readonly hints?: Maybe<{
    readonly forZones?: Maybe<readonly { readonly name: string }[]>
    readonly forNodes?: Maybe<readonly { readonly name: string }[]>
  }>
}

export interface KubernetesEndpointPort {
  readonly name?: Maybe<string>
  readonly protocol?: Maybe<string>
  /** Absent means "all ports", which IPVS cannot express: such a port is skipped. */
  readonly port?: Maybe<number>
}

/** A `discovery.k8s.io/v1` `EndpointSlice`. The label `kubernetes.io/service-name` names its service. */
export interface KubernetesEndpointSlice {
  readonly metadata?: Maybe<KubernetesMetadata>
  /** `'IPv4'` or `'IPv6'`; `'FQDN'` slices are ignored. */
  readonly addressType: string
  readonly endpoints?: Maybe<readonly KubernetesEndpoint[]>
  readonly ports?: Maybe<readonly KubernetesEndpointPort[]>
}
