/** No line ends the process, not even those that end the ipset tool. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { type IpsetError, loadLibipset } from '../../lib/index.js'
import { packageRoot } from '../../lib/load-addon.js'
import { ourIpset } from '../support/ipset-pair.js'
import { hostileLine, plainLines, setup } from '../support/ipset-lines.js'
import { withNamespace } from '../support/namespace.js'
import { realIpset, skipWithoutIpset } from '../support/real-ipset.js'

const skip = skipWithoutIpset

const deadly = [
  'create b bitmap:port range 0-99\nadd b icmp:8/0',
  'create b bitmap:port range icmp:8/0',
  'create b portmap range 1:8/0-2',
  'create p hash:ip,port\nadd p 10.0.0.1,80\nadd p 10.0.0.1,icmpv6:128/0',
  'create p hash:ip,port\nadd p 10.0.0.1,80\nadd p 10.0.0.1,IPv6-ICMP:128/0',
  'create p hash:ip,port family inet6\nadd p ::1,80\nadd p ::1,icmp:8/0',
  'create p hash:ip,port,ip\nadd p 10.0.0.1,80,10.0.0.1\nadd p 10.0.0.1,58:0/0,10.0.0.1',
]

for (const text of deadly) {
  const last = text.slice(text.lastIndexOf('\n') + 1)
  test(`the real tool dies of "${last}"; here it is an error`, { skip }, () =>
    withNamespace(async ({ path }) => {
      assert.notEqual(realIpset(path, ['restore'], text).exitCode, 0)
      realIpset(path, ['destroy'])
      await assert.rejects(loadLibipset().restore(text, { netns: path }), (error: IpsetError) => {
        assert.deepEqual([error.code, error.text], ['ERR_IPSET_REFUSED', last])
        return true
      })
      realIpset(path, ['destroy'])
      const { exitCode, stderr } = await ourIpset(path, ['restore'], text)
      assert.equal(exitCode, 2)
      assert.match(stderr, /^ipset v[0-9.]+: Error in line \d: /)
    }),
  )
}

/** Hands each chunk of lines to libipset, in one of the ways in which it takes them. */
const program = `
  const { loadLibipset, runIpset } = require(process.argv[1])
  const { netns, way, setup, chunks } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
  const words = (text) => text.split(/\\s+/).filter((word) => word !== '')
  const ways = {
    restore: (text) => loadLibipset().restore(text, { netns, exist: true }),
    'the tool\\'s restore': (text) => runIpset(['-exist', 'restore'], { netns, stdin: text }),
    conversation: (text) => runIpset(['-'], { netns, stdin: text }),
    'command line': (text) => Promise.all(text.split('\\n').map((line) => runIpset(words(line), { netns }))),
  }
  async function main() {
    await loadLibipset().restore(setup, { netns })
    for (const text of chunks) {
      await ways[way](text).catch((error) => { if (error.name !== 'IpsetError') throw error })
    }
    console.log('alive')
  }
  void main()`

for (const way of ['restore', "the tool's restore", 'conversation', 'command line']) {
  test(`the process survives any line, by ${way}`, { skip }, () =>
    withNamespace(async ({ path }) => {
      const seed = Math.trunc(Math.random() * 2 ** 31)
      const lines = fc.sample(hostileLine, { numRuns: 1000, seed })
      const chunks = lines.map((line, index) => `${plainLines[index % plainLines.length] ?? ''}\n${line}`)
      const library = join(packageRoot, 'dist', 'lib', 'index.js')
      const child = spawnSync(process.execPath, ['-e', program, library], {
        encoding: 'utf8',
        input: JSON.stringify({ netns: path, way, setup, chunks }),
      })
      assert.deepEqual([child.signal, child.stdout], [null, 'alive\n'], `seed ${seed}: ${child.stderr}`)
    }),
  )
}
