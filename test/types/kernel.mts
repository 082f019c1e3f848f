/** The shapes of IPVS as callers write and read them. */
import {
  Batch,
  type CommitReport,
  type Server,
  type Service,
  type ServiceKey,
  openKernel,
} from 'ipvs-director'

const kernel = await openKernel({ netns: '/run/netns/blue' })
// @ts-expect-error A namespace is named by its path.
await openKernel({ netns: 4026531840 })

const byAddress: ServiceKey = { protocol: 'tcp', address: '10.96.0.10', port: 80 }
const byMark: ServiceKey = { fwmark: 7, family: 'inet6' }
// @ts-expect-error A mark alone does not tell the family.
const markAlone: ServiceKey = { fwmark: 7 }
// @ts-expect-error IPVS balances three protocols only.
const otherProtocol: ServiceKey = { protocol: 'icmp', address: '10.96.0.10', port: 80 }

const service: Service = {
  ...byAddress,
  scheduler: 'mh',
  schedulerFlags: ['mh-port'],
  persistence: { timeoutSeconds: 300 },
}
const moduleScheduler: Service = { ...byMark, scheduler: 'my_own' }
// @ts-expect-error Flags have names.
const numericFlags: Service = { ...byAddress, schedulerFlags: 8 }

const server: Server = { address: '10.244.1.7', port: 8080 }
const tunnelled: Server = { address: '10.244.1.7', forwarding: 'tunnel', tunnel: { type: 'gue', port: 6080 } }
// @ts-expect-error The methods are masquerade, direct and tunnel.
const nat: Server = { address: '10.244.1.7', port: 8080, forwarding: 'nat' }

const batch = new Batch().addService(service).addServer(byAddress, server).removeService(byMark)
batch.size satisfies number
// @ts-expect-error The size follows from the operations.
batch.size = 0

const report: CommitReport = await kernel.commit(batch, {
  onError: 'rollback',
  signal: AbortSignal.timeout(1000),
})
report.failed.map(({ index, operation, error }) => `${index} ${operation} ${error.code}`) satisfies string[]
// @ts-expect-error There are three ways to go on after a refusal.
await kernel.commit(batch, { onError: 'ignore' })

const [first] = await kernel.ipvs.services()
first?.counters.incomingBytes satisfies bigint | undefined
for await (const state of kernel.ipvs.servers(byAddress)) {
  state.weight satisfies number
  // @ts-expect-error What is read is a copy: writing to it would change nothing.
  state.weight = 0
}

// What was read can be written back as it is.
const found = await kernel.ipvs.service(byAddress)
if (found !== undefined) await kernel.ipvs.addService(found)

await kernel.close()
