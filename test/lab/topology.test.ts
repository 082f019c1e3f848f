/** Topologies in a guest: the links and the kernel that a host may lack. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { directorNetwork, Topology } from '../../lib/lab/index.js'

function namespaces(): string {
  return execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
}

test('requests through a virtual service reach every real server, over IPv4', async () => {
  const topology = await Topology.create(directorNetwork({ servers: 2 }))
  try {
    const director = topology.namespace('director')
    const rules = [
      '-A -t 10.1.0.100:80 -s rr',
      ...[1, 2].map((n) => `-a -t 10.1.0.100:80 -r 10.2.0.1${n}:80 -m`),
    ]
    const { exitCode, stderr } = await director.run(['ipvsadm', '-R'], { input: `${rules.join('\n')}\n` })
    assert.equal(exitCode, 0, stderr)
    const answers = []
    for (let count = 0; count < 4; count++) {
      const { status, backend } = await topology.namespace('client').request('http://10.1.0.100/')
      assert.equal(status, 200)
      assert.equal(backend?.client, '10.1.0.2')
      answers.push(backend.server)
    }
    assert.deepEqual(answers.sort(), ['rs1', 'rs1', 'rs2', 'rs2'])
  } finally {
    await topology.close()
  }
  assert.doesNotMatch(namespaces(), /lab-/)
})

test('dummy links, IPv6, and servers for TCP and UDP', async () => {
  const topology = await Topology.create({
    namespaces: {
      one: {
        dummies: ['kube-ipvs0'],
        addresses: { eth0: ['fd01::1/64'], 'kube-ipvs0': ['fd02::10/128', '10.96.0.10/32'] },
        backends: [
          { protocol: 'tcp', port: 7, name: 'echo' },
          { protocol: 'udp', port: 7, address: 'fd02::10', name: 'echo' },
        ],
      },
      two: { addresses: { eth0: ['fd01::2/64'] }, routes: [{ to: 'fd02::/64', via: 'fd01::1' }] },
    },
    wires: [['one:eth0', 'two:eth0']],
  })
  try {
    const two = topology.namespace('two')
    for (const protocol of ['tcp', 'udp'] as const) {
      const answer = await two.exchange(protocol, 'fd02::10', 7, `hello ${protocol}`)
      assert.equal(answer.server, 'echo')
      assert.equal(answer.client, 'fd01::2')
      assert.equal(answer.echo, `hello ${protocol}`)
    }
  } finally {
    await topology.close()
  }
})

test('settings of the machine itself do not reach into a topology', async () => {
  const settings = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.arp_ignore', 'net.ipv4.conf.default.rp_filter']
  const sysctl = (...args: string[]): string[] =>
    execFileSync('sysctl', args, { encoding: 'utf8' }).trim().split('\n')
  const found = sysctl('-n', ...settings)
  sysctl('-q', '-w', ...settings.map((name) => `${name}=1`))
  try {
    const topology = await Topology.create({
      namespaces: { one: {}, two: { sysctls: { 'net.ipv4.ip_forward': 1 } } },
      wires: [['one:eth0', 'two:eth0']],
    })
    try {
      const here = [...settings, 'net.ipv4.conf.eth0.rp_filter', 'net.ipv4.conf.lo.rp_filter']
      const { stdout } = await topology.namespace('one').run(['sysctl', '-n', ...here])
      assert.deepEqual(stdout.trim().split('\n'), ['0', '0', '0', '0', '0'])
      const other = await topology.namespace('two').run(['sysctl', '-n', 'net.ipv4.ip_forward'])
      assert.equal(other.stdout, '1\n')
    } finally {
      await topology.close()
    }
  } finally {
    sysctl('-q', '-w', ...settings.map((name, index) => `${name}=${found[index]}`))
  }
})
