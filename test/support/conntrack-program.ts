/** conntrack(8) beside us: the same table, the same events. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Kernel, NewFlow } from '../../lib/index.js'
import { printedWords } from './conntrack-text.js'

/** Flows that nothing else here has, by which the program shows that it listens. */
function sentinel(sourcePort: number): NewFlow {
  const ends = { source: '192.0.2.1', destination: '192.0.2.2', destinationPort: 9 } as const
  return { original: { protocol: 'udp', ...ends, sourcePort }, timeoutSeconds: 60 }
}

/** `conntrack -E` in a namespace, from the moment on at which it hears events. */
export class EventProgram {
  /** The words of each line so far. */
  readonly lines: string[][] = []

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface(child.stdout).on('line', (line) => this.lines.push(printedWords(line)))
  }

  static async start(
    netns: string,
    { conntrack }: Kernel,
    ...options: readonly string[]
  ): Promise<EventProgram> {
    const words = ['-E', '-o', 'extended,id,timestamp', '-b', '8388608', ...options]
    const program = new EventProgram(spawn('nsenter', [`--net=${netns}`, '--', 'conntrack', ...words]))
    let port = 0
    while (program.lines.length === 0) {
      const flow = sentinel(++port)
      await conntrack.create(flow)
      await conntrack.delete({ original: { source: flow.original.source } })
      await sleep(20)
    }
    const isLast = (words: readonly string[]) => words[0] === '[DESTROY]' && words.includes(`sport=${port}`)
    await program.until((lines) => lines.some(isLast))
    program.lines.length = 0
    return program
  }

  async until(enough: (lines: readonly string[][]) => boolean): Promise<void> {
    const deadline = Date.now() + 20_000
    while (!enough(this.lines)) {
      if (Date.now() > deadline)
        throw new Error(`conntrack -E printed no more than ${this.lines.length} lines`)
      await sleep(10)
    }
  }

  async stop(): Promise<void> {
    this.child.kill('SIGINT')
    await once(this.child, 'close')
  }
}
