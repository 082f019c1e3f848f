/** What a guest offers to the programs in it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { Lab, type LabError } from '../../lib/lab/index.js'

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' })
}

test('IPVS, sets and conntrack are there, loaded when first used', () => {
  run('ipvsadm', '-A', '-t', '10.250.0.1:80', '-s', 'wrr')
  try {
    assert.match(run('ipvsadm', '-Sn'), /-A -t 10\.250\.0\.1:80 -s wrr/)
  } finally {
    run('ipvsadm', '-D', '-t', '10.250.0.1:80')
  }
  run('ipset', 'create', 'lab-guest', 'hash:ip,port')
  run('ipset', 'destroy', 'lab-guest')
  assert.match(run('conntrack', '-C'), /^\d+$/m)
})

test('iptables is the flavour that the kernel has', () => {
  const rule = ['POSTROUTING', '-m', 'comment', '--comment', 'lab', '-j', 'MASQUERADE']
  for (const program of ['iptables', 'ip6tables']) {
    run(program, '-w', '-t', 'nat', '-A', ...rule)
    run(program, '-w', '-t', 'nat', '-D', ...rule)
  }
})

test('the root is the throw-away layer, and can be written', () => {
  const file = `/etc/written-in-the-lab-${process.pid}`
  writeFileSync(file, 'x')
  assert.equal(statSync(file).size, 1)
  assert.match(readFileSync('/proc/mounts', 'utf8'), /^overlay \/ overlay rw/m)
})

test('modules of the host cannot be changed from the guest', (context) => {
  const modules = `/usr/lib/modules/${run('uname', '-r').trim()}`
  if (!existsSync(`${modules}/modules.dep`)) return context.skip('this kernel has everything built in')
  assert.throws(() => writeFileSync(`${modules}/written-in-the-lab`, 'x'), { code: 'EROFS' })
})

test('a guest refuses to start a guest', async () => {
  assert.equal(Lab.inside(), true)
  await assert.rejects(Lab.run(['true']), (error: LabError) => error.code === 'ERR_LAB_NESTED')
})
