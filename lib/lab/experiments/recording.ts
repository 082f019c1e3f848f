/** What one link of a namespace sees, recorded by tcpdump and read while it goes on. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../errors.js'
import { findProgram } from '../requirements.js'
import type { Namespace } from '../topology/index.js'
import { readPacket, type Packet } from './packet.js'
import { PcapReader, type Frame } from './pcap.js'

/** Far more than an experiment sends; a loop in the network ends there. */
const mostFrames = 100_000
/** The link is taken for quiet when it saw nothing for so long. */
const quietMs = 50
/** A program that does not say in this time what it has is stuck. */
const mostAnswerMs = 10_000

/** What tcpdump says of itself when it is asked by a signal; `received` counts also what it has not looked at yet. */
interface Counts {
  readonly captured: number
  readonly received: number
}

export class Recording {
  readonly frames: Frame[] = []
  readonly packets: Packet[] = []
  private readonly reader = new PcapReader()
  private failure: Error | undefined
  private lastMs = Date.now()
  private listener: () => void = () => {}

  private constructor(
    private readonly at: string,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => this.take(chunk))
  }

  /** Resolves once tcpdump listens. @throws LabError `ERR_LAB_PROGRAM_MISSING`, `ERR_LAB_TOPOLOGY` */
  static async start(namespace: Namespace, link: string): Promise<Recording> {
    const program = findProgram('tcpdump')
    if (program === undefined)
      throw new LabError('tcpdump is not installed', {
        code: 'ERR_LAB_PROGRAM_MISSING',
        remedy: 'apt-get install tcpdump',
      })
    const listen = [
      '-i',
      link,
      '-n',
      '--immediate-mode',
      '-U',
      '-Z',
      'root',
      '-c',
      String(mostFrames),
      '-w',
      '-',
    ]
    const child = spawn('nsenter', [`--net=${namespace.path}`, '--', program, ...listen], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const recording = new Recording(`${namespace.name}:${link}`, child)
    await recording.listening()
    return recording
  }

  /**
   * Resolves when the link has been quiet for a moment, and all that the kernel saw on it is here: `packets` holds what was
   * sent before the call, however busy the machine is.
   */
  async quiet(): Promise<void> {
    this.lastMs = Date.now()
    for (let complete = false; !complete; complete = await this.isComplete()) {
      for (let rest = quietMs; rest > 0; rest = quietMs - (Date.now() - this.lastMs)) await delay(rest)
      if (this.failure !== undefined) throw this.failure
    }
  }

  private async isComplete(): Promise<boolean> {
    const before = this.lastMs
    const { captured, received } = await this.counts()
    return captured >= received && this.frames.length >= captured && this.lastMs === before
  }

  private counts(): Promise<Counts> {
    return new Promise((resolve, reject) => {
      const { stderr } = this.child
      const stop = (): void => {
        clearTimeout(timer)
        stderr?.off('data', read)
        this.child.off('close', fail)
      }
      const fail = (): void => {
        stop()
        reject(new LabError(`tcpdump on ${this.at} does not answer`, { code: 'ERR_LAB_TOPOLOGY' }))
      }
      let said = ''
      const read = (text: string): void => {
        said += text
        const [, captured, received] = /(\d+) packets? captured, (\d+) packets? received/.exec(said) ?? []
        if (captured === undefined || received === undefined) return
        stop()
        resolve({ captured: Number(captured), received: Number(received) })
      }
      const timer = setTimeout(fail, mostAnswerMs)
      stderr?.on('data', read)
      this.child.once('close', fail)
      this.child.kill('SIGUSR1')
    })
  }

  /** Calls back whenever packets have come. */
  onPackets(listener: () => void): void {
    this.listener = listener
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const closed = once(this.child, 'close')
    this.child.kill('SIGINT')
    await closed
  }

  private take(chunk: Buffer): void {
    try {
      for (const frame of this.reader.push(chunk)) {
        this.frames.push(frame)
        const packet = readPacket(this.at, frame.timeMicroseconds / 1000, frame.bytes)
        if (packet !== undefined) this.packets.push(packet)
        this.lastMs = Date.now()
      }
      this.listener()
    } catch (error) {
      this.failure ??= error as Error
    }
  }

  private listening(): Promise<void> {
    let said = ''
    return new Promise((resolve, reject) => {
      this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('listening on')) resolve()
      })
      const fail = (reason: string): void =>
        reject(new LabError(`tcpdump on ${this.at}: ${reason}`, { code: 'ERR_LAB_TOPOLOGY' }))
      this.child.once('error', (error) => fail(error.message))
      this.child.once('close', () => fail(said.trim() || 'it ended'))
    })
  }
}
