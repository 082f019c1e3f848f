/**
 * The real ipvsadm and ours side by side, in a guest. The real one works on the namespace of the tests, ours on one of
 * its own that looks the same, so that neither has to undo anything for the other.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import { runIpvsadm } from '../../lib/cli/ipvsadm/run.js'
import { type Kernel, type ServiceWithServers, openKernel } from '../../lib/index.js'
import { type Invocation, type Outcome, runRealIpvsadm } from './real-ipvsadm.js'

export class IpvsadmPair {
  private constructor(
    private readonly namespace: string,
    /** The namespace of the real one. */
    readonly here: Kernel,
    /** The namespace of ours. */
    readonly there: Kernel,
  ) {}

  static async open(namespace: string): Promise<IpvsadmPair> {
    execFileSync('ip', ['netns', 'add', namespace])
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    const there = await openKernel({ netns: `/run/netns/${namespace}` })
    return new IpvsadmPair(namespace, await openKernel(), there)
  }

  async close(): Promise<void> {
    await this.clear()
    await this.here.close()
    await this.there.close()
    execFileSync('ip', ['netns', 'delete', this.namespace])
  }

  async clear(): Promise<void> {
    await this.here.ipvs.flush()
    await this.there.ipvs.flush()
  }

  /** Runs both, each on its own table: the same text and exit code for each command line, the same tables after all. */
  async same(...invocations: readonly Invocation[]): Promise<readonly Outcome[]> {
    const real = runRealIpvsadm(invocations)
    for (const [index, { words, stdin = '' }] of invocations.entries()) {
      assert.deepEqual(await runOurs(words, this.there, stdin), real[index], `ipvsadm ${words.join(' ')}`)
    }
    assert.deepEqual(await configuration(this.there), await configuration(this.here))
    return real
  }

  /**
   * Lets both list the table of the real one. What traffic and time change may change under them: listings count once
   * the real one has said the same before and after ours. The time that a connection has left runs on with each
   * second, faster than a slow guest starts three programs: of it only the form is compared.
   */
  async sameListings(...listings: readonly (readonly string[])[]): Promise<readonly string[]> {
    const invocations = listings.map((words) => ({ words }))
    for (let attempt = 1; attempt <= 10; attempt++) {
      const before = runRealIpvsadm(invocations).map(withoutClock)
      const ours: Outcome[] = []
      for (const words of listings) ours.push(await runOurs(words, this.here))
      if (!isDeepStrictEqual(before, runRealIpvsadm(invocations).map(withoutClock))) continue
      for (const [index, words] of listings.entries()) {
        assert.deepEqual(withoutClock(ours[index] as Outcome), before[index], `ipvsadm ${words.join(' ')}`)
      }
      return ours.map(({ stdout }) => stdout)
    }
    assert.fail('the real ipvsadm never said the same twice')
  }
}

/** What the kernel tells of a namespace. The order of services hangs on the namespace, so they are sorted by key. */
function withoutClock(outcome: Outcome): Outcome {
  return { ...outcome, stdout: outcome.stdout.replaceAll(/ \d\d:\d\d /g, ' mm:ss ') }
}

async function configuration({ ipvs }: Kernel): Promise<unknown> {
  const services = [...(await ipvs.snapshot())].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
  return { services, timeouts: await ipvs.timeouts(), daemons: await ipvs.daemons() }
}

function keyOf(service: ServiceWithServers): string {
  return 'fwmark' in service
    ? `${service.fwmark} ${service.family}`
    : `${service.protocol} ${service.address} ${service.port}`
}

export async function runOurs(words: readonly string[], kernel: Kernel, stdin = ''): Promise<Outcome> {
  const written = { stdout: '', stderr: '' }
  const exitCode = await runIpvsadm(words, {
    kernel,
    stdin: readingFrom(stdin),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
  })
  return { exitCode, ...written }
}

async function* readingFrom(text: string): AsyncGenerator<string> {
  yield text
}
