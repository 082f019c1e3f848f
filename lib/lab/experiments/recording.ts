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
/**
 * Bytes kept of a frame: all of one that fits on a link, with its tunnel. The kernel keeps room for frames of this length
 * until tcpdump reads them: for a thousand of these, but for some thirty of the longest that there may be.
 */
const keptBytes = 1920
/** The link is taken for quiet when it saw nothing for so long. */
const quietMs = 50
/** A link that does not come to rest in this time never will. */
const mostWaitMs = 30_000
/** A program that does not say in this time what it has is stuck. */
const mostAnswerMs = 10_000

/**
 * What tcpdump says of itself when it is asked by a signal; `received` counts also what it has not looked at yet, and what it
 * never will, since the kernel had no more room for it.
 */
interface Counts {
  readonly captured: number
  readonly received: number
  readonly dropped: number
}
const countsPattern = /(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped/

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
    child.stderr?.setEncoding('utf8')
    child.on('error', (error) => (this.failure ??= error))
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
      '-s',
      String(keptBytes),
      '-w',
      '-',
    ]
    const child = spawn('nsenter', [`--net=${namespace.path}`, '--', program, ...listen], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const recording = new Recording(`${namespace.name}:${link}`, child)
    await recording.says(/listening on/)
    return recording
  }

  /**
   * Resolves when the link has been quiet for a moment, and all that the kernel saw on it is here: `packets` holds what was
   * sent before the call, however busy the machine is.
   *
   * @throws LabError `ERR_LAB_TOPOLOGY`: frames were lost, or the link does not come to rest
   */
  async quiet(withinMs = mostWaitMs): Promise<void> {
    this.lastMs = Date.now()
    const end = this.lastMs + withinMs
    for (let complete = false; !complete; complete = await this.isComplete()) {
      for (let rest = quietMs; rest > 0; rest = quietMs - (Date.now() - this.lastMs)) {
        if (Date.now() > end) throw this.problem(`the link did not come to rest within ${withinMs} ms`)
        await delay(rest)
      }
      if (this.failure !== undefined) throw this.failure
    }
  }

  private async isComplete(): Promise<boolean> {
    const before = this.lastMs
    const { captured, received, dropped } = await this.counts()
    if (dropped > 0)
      throw this.problem(`${dropped} of ${received} frames were lost before it could read them`)
    return captured >= received && this.frames.length >= captured && this.lastMs === before
  }

  private async counts(): Promise<Counts> {
    const answer = this.says(countsPattern, mostAnswerMs)
    this.child.kill('SIGUSR1')
    const [captured = 0, received = 0, dropped = 0] = (await answer).slice(1).map(Number)
    return { captured, received, dropped }
  }

  private problem(reason: string): LabError {
    return new LabError(`tcpdump on ${this.at}: ${reason}`, { code: 'ERR_LAB_TOPOLOGY' })
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

  /** What tcpdump says from here on, once it is like that. */
  private says(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray> {
    const { child } = this
    let said = ''
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        child.stderr?.off('data', hear)
        child.off('error', failed).off('close', ended)
      }
      const fail = (reason: string): void => {
        stop()
        reject(this.problem(reason))
      }
      const hear = (text: string): void => {
        said += text
        const found = pattern.exec(said)
        if (found === null) return
        stop()
        resolve(found)
      }
      const failed = (error: Error): void => fail(error.message)
      const ended = (): void => fail(said.trim() || 'it ended')
      const timer = withinMs === undefined ? undefined : setTimeout(fail, withinMs, 'it does not answer')
      child.stderr?.on('data', hear)
      child.once('error', failed).once('close', ended)
    })
  }
}
