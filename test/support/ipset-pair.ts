/** The real ipset and ours side by side, each in a namespace of its own. */
import assert from 'node:assert/strict'
import { runIpset } from '../../lib/index.js'
import { withNamespace } from './namespace.js'
import { type IpsetOutcome, realIpset } from './real-ipset.js'

/** A command line, and what stands in its input. */
export type Invocation = string | readonly [line: string, input: string]

export class IpsetPair {
  private constructor(
    private readonly real: string,
    private readonly ours: string,
  ) {}

  static async use(body: (pair: IpsetPair) => Promise<void>): Promise<void> {
    await withNamespace((real) => withNamespace((ours) => body(new IpsetPair(real.path, ours.path))))
  }

  /** The same text and exit code for each command line, in order, and the same sets after each. */
  async same(...invocations: readonly Invocation[]): Promise<readonly IpsetOutcome[]> {
    const outcomes: IpsetOutcome[] = []
    for (const invocation of invocations) {
      const [line, input] = typeof invocation === 'string' ? [invocation, ''] : invocation
      const words = wordsOf(line)
      const expected = realIpset(this.real, words, input)
      assert.deepEqual(withoutChance(await ourIpset(this.ours, words, input)), withoutChance(expected), line)
      assert.deepEqual(this.sets(this.ours), this.sets(this.real), `sets after: ${line}`)
      outcomes.push(expected)
    }
    return outcomes
  }

  /** Lists are read from one and the same namespace: equal byte for byte, whatever the kernel chose at random. */
  async sameReading(...lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const words = wordsOf(line)
      assert.deepEqual(await ourIpset(this.real, words, ''), realIpset(this.real, words), line)
    }
  }

  private sets(netns: string): string[] {
    return withoutChance(realIpset(netns, ['save']))
      .stdout.split('\n')
      .sort()
  }
}

export async function ourIpset(
  netns: string,
  words: readonly string[],
  input: string,
): Promise<IpsetOutcome> {
  const output = { stdout: '', stderr: '' }
  const exitCode = await runIpset(words, {
    netns,
    stdin: input,
    stdout: (chunk) => void (output.stdout += chunk.toString()),
    stderr: (chunk) => void (output.stderr += chunk.toString()),
  })
  return { exitCode, ...output }
}

/** The kernel seeds each hash at random, and so orders its entries at random. */
function withoutChance({ exitCode, stdout, stderr }: IpsetOutcome): IpsetOutcome {
  const lines = stdout.replace(/(initval[ >])0x[0-9a-f]{8}/g, '$1RANDOM').split('\n')
  return { exitCode, stdout: lines.sort().join('\n'), stderr }
}

/** Words of a line in single quotes may hold blanks. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
