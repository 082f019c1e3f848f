// A first director: a network to try it in, one virtual service, two real servers, and traffic.
import { directorNetwork, formatTable, openKernel, Topology } from 'ipvs-director'

// Three machines and a director as network namespaces: client — director — rs1, rs2.
const network = await Topology.create(directorNetwork({ servers: 2, virtualAddresses: ['10.1.0.100/32'] }))
const kernel = await openKernel({ netns: network.namespace('director').path })
const web = { protocol: 'tcp', address: '10.1.0.100', port: 80 }

async function ask(times) {
  const servers = []
  for (let request = 0; request < times; request++) {
    const { backend } = await network.namespace('client').request('http://10.1.0.100/')
    servers.push(backend.server)
  }
  return servers.sort().join(' ')
}

try {
  await kernel.ipvs.addService({ ...web, scheduler: 'wrr' })
  await kernel.ipvs.addServer(web, { address: '10.2.0.11', port: 80, forwarding: 'masquerade' })
  console.log('one server: ', await ask(4))

  await kernel.ipvs.addServer(web, { address: '10.2.0.12', port: 80, forwarding: 'masquerade', weight: 3 })
  console.log('two, 1 to 3:', await ask(4))

  // Weight 0 drains a server: connections that it has go on, new ones go elsewhere.
  await kernel.ipvs.updateServer(web, { address: '10.2.0.11', port: 80, forwarding: 'masquerade', weight: 0 })
  console.log('rs1 drained:', await ask(4))

  console.log(formatTable(await kernel.ipvs.snapshot(), { info: await kernel.ipvs.info() }))
} finally {
  await kernel.close()
  await network.close()
}
