/** Connections that are open while servers leave, and SCTP: clients and servers are processes of the node itself. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import test, { after, afterEach, before } from 'node:test'
import { Director, type DirectorSettings, openKernel, type Kernel } from '../../lib/index.js'
import { service, slice } from '../conformance/row.js'

const virtual = '10.96.0.10'
const pods = ['10.180.0.1', '10.180.0.2'] as const
const key = { protocol: 'tcp', address: virtual, port: 80 } as const

let kernel: Kernel
let director: Director
const listening: Server[] = []
const accepted = new Set<Socket>()

before(async () => {
  kernel = await openKernel()
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  for (const address of pods) {
    execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo'])
    listening.push(await echo(address))
  }
})
afterEach(async () => {
  await director.stop()
  await director.cleanup()
})
after(async () => {
  for (const address of pods) execFileSync('ip', ['address', 'del', `${address}/32`, 'dev', 'lo'])
  for (const server of listening) server.close()
  // One whose way through the director ended before its end hears of none.
  for (const socket of accepted) socket.destroy()
  await kernel.close()
})

/** Says who it is, and then what it is told, until that is to end. */
async function echo(address: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.add(socket.on('close', () => accepted.delete(socket)))
    socket.on('error', () => socket.destroy())
    socket.write(address)
    socket.on('data', (data) => (data.toString() === 'end' ? socket.end() : socket.write(data)))
  })
  server.listen(80, address)
  await once(server, 'listening')
  return server
}

async function next(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer]
  return data.toString()
}

async function open(): Promise<{ socket: Socket; server: string }> {
  const socket = connect({ host: virtual, port: 80, allowHalfOpen: true })
  socket.on('error', () => socket.destroy())
  return { socket, server: await next(socket) }
}

async function assertNewConnectionsGoTo(server: string): Promise<void> {
  for (let count = 0; count < 3; count++) {
    const opened = await open()
    assert.equal(opened.server, server)
    opened.socket.resetAndDestroy()
  }
}

/** An open connection to a server that is then replaced by the other. */
async function replaceUnder(
  settings: DirectorSettings,
): Promise<{ socket: Socket; drained: Promise<unknown> }> {
  director = new Director(kernel, {
    families: ['inet'],
    nodeName: 'test-node',
    drainCheckSeconds: 1,
    ...settings,
  })
  director.upsertService(service({ clusterIP: virtual }))
  director.upsertEndpointSlice(slice([pods[0]]))
  await director.start()
  const { socket, server } = await open()
  assert.equal(server, pods[0])
  const [draining, drained] = [once(director, 'draining'), once(director, 'drained')]
  director.upsertEndpointSlice(slice([pods[1]]))
  const [{ serverKey }] = (await draining) as [{ serverKey: string }]
  assert.equal(serverKey, `${pods[0]}:80`)
  return { socket, drained }
}

const present = async (): Promise<Record<string, number>> =>
  Object.fromEntries((await kernel.ipvs.servers(key)).map(({ address, weight }) => [address, weight]))

test('a server with an open connection drains at weight 0 until it has closed it', async () => {
  const { socket, drained } = await replaceUnder({
    timeouts: { tcpFinSeconds: 1 },
    drainTimeoutSeconds: Infinity,
  })
  await assertNewConnectionsGoTo(pods[1])
  await director.checkDrains()
  assert.deepEqual(await present(), { [pods[0]]: 0, [pods[1]]: 1 })
  assert.deepEqual(
    director.status().draining.map(({ serverKey }) => serverKey),
    [`${pods[0]}:80`],
  )
  socket.write('still there')
  assert.equal(await next(socket), 'still there')
  // Its end comes first: IPVS remembers one that the client ends for a minute, and this one for tcpFinSeconds.
  socket.write('end')
  await drained
  assert.deepEqual(await present(), { [pods[1]]: 1 })
  socket.destroy()
})

test('a connection that nobody closes holds its server until drainTimeoutSeconds have passed, and no longer', async () => {
  const { socket, drained } = await replaceUnder({ drainTimeoutSeconds: 1 })
  assert.deepEqual(await present(), { [pods[0]]: 0, [pods[1]]: 1 })
  await drained
  assert.equal(socket.readyState, 'open')
  assert.deepEqual(await present(), { [pods[1]]: 1 })
  socket.destroy()
})

const sctpProgram = `
import socket, sys
def end(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
server, client = end(), end()
server.bind(('${pods[0]}', 9000)); server.listen(1)
# An association tells all addresses of an end that is not bound.
client.bind(('${pods[1]}', 0)); client.settimeout(10); server.settimeout(10)
client.connect(('${virtual}', 9))
accepted, _ = server.accept()
client.sendall(b'question')
assert accepted.recv(100) == b'question'
accepted.sendall(b'answer')
print(client.recv(100).decode(), client.getpeername()[0])
`

test('an SCTP association through a virtual address reaches its server', async (context) => {
  const probe = 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)'
  if (spawnSync('python3', ['-c', probe]).status !== 0)
    return context.skip('no python3, or a kernel without SCTP')
  director = new Director(kernel, { families: ['inet'], nodeName: 'test-node' })
  director.upsertService(service({ clusterIP: virtual, ports: [{ name: 'p9', port: 9, protocol: 'SCTP' }] }))
  director.upsertEndpointSlice(slice([pods[0]], { ports: [{ name: 'p9', port: 9000, protocol: 'SCTP' }] }))
  assert.deepEqual((await director.sync()).failed, [])
  assert.match(
    execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }),
    /^-a --sctp-service 10\.96\.0\.10:9 -r 10\.180\.0\.1:9000 -m -w 1$/m,
  )
  const { status, stdout, stderr } = spawnSync('python3', ['-c', sctpProgram], { encoding: 'utf8' })
  assert.deepEqual([status, stdout.trim(), stderr], [0, `answer ${virtual}`, ''])
})
