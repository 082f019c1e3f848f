/** What an experiment works with while it runs: the network, steps, and claims that traffic decides. */
import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'
import { openKernel, type Kernel } from '../../kernel.js'
import { LabError } from '../errors.js'
import type { BackendAnswer, Namespace, Topology } from '../topology/index.js'
import { runCommand } from './command.js'
import type { Narration } from './experiment.js'
import { formatPacket, type Packet } from './packet.js'
import type { Recorder } from './recorder.js'
import type { ClaimEvent, ExperimentEvent } from './report.js'
import { ask, inTurn } from './traffic.js'

export interface StepText extends Narration {
  /** The classic command, or commands, that do the same. */
  readonly classic: string | readonly string[]
}

export interface ClaimText extends Narration {
  /** The way of the packets in one line: `'client → director (DNAT) → rs1 → client ✗'`; as text alone, for every language. */
  readonly path?: Narration | string
  /** Why the kernel does that. */
  readonly why?: Narration
}

export interface WorksClaim extends ClaimText {
  /** Names of the servers that answer, in turn, whoever is the first. */
  readonly servers: readonly string[]
  /** Address that the servers take for their client's, or that of each. */
  readonly client?: string | Readonly<Record<string, string>>
  /** How many requests. Default: 1 to a single server, otherwise 2 a server. */
  readonly requests?: number
}

export type FailureCode =
  'ETIMEDOUT' | 'ECONNREFUSED' | 'ECONNRESET' | 'EHOSTUNREACH' | 'ENETUNREACH' | 'ENOPROTOOPT'

export interface FailsClaim extends ClaimText {
  readonly why: Narration
  /** What the client is told, or one of several. Default `'ETIMEDOUT'`: nothing at all within a second. */
  readonly code?: FailureCode | readonly FailureCode[]
}

/** Longer than any answer takes on the slowest guest; a claim that nothing comes waits for the shorter one. */
const answerSeconds = 5
const silenceSeconds = 1
/** A packet that was sent has reached the recording by then. */
const recordedMs = 5_000
const mostLines = 4

export class Trial {
  private readonly kernels = new Map<string, Promise<Kernel>>()
  private steps = 0

  /** @internal the runner makes it */
  constructor(
    private readonly topology: Topology,
    private readonly recorder: Recorder,
    private readonly tell: (event: ExperimentEvent) => void,
  ) {}

  /** One namespace of the experiment's network. */
  namespace(name: string): Namespace {
    return this.topology.namespace(name)
  }

  /** The kernel as seen from a namespace; closed when the experiment ends. */
  kernel(namespace: string): Promise<Kernel> {
    const open = this.kernels.get(namespace) ?? openKernel({ netns: this.namespace(namespace).path })
    this.kernels.set(namespace, open)
    return open
  }

  /** Says what is about to be done, and does it. A step that is refused ends the experiment. */
  async step<Result>(text: StepText, action: () => Promise<Result>): Promise<Result> {
    const classic = typeof text.classic === 'string' ? [text.classic] : text.classic
    this.tell({ kind: 'step', number: ++this.steps, text, classic })
    return action()
  }

  /** Runs `ip`, `iptables` and the like in a namespace, for what has no API of its own. The words are split at spaces. */
  command(namespace: string, line: string): Promise<string> {
    return runCommand(this.namespace(namespace), line)
  }

  /**
   * One request over a connection of its own. The URL is `http://ADDRESS:PORT/`, `tcp://…` or `udp://…`.
   * Rejects with `ERR_LAB_REQUEST` if nothing answers.
   */
  ask(from: string, url: string, timeoutSeconds: number = answerSeconds): Promise<BackendAnswer> {
    return ask(this.namespace(from), url, timeoutSeconds)
  }

  /** Claims that requests are answered: by these servers in turn, which see this client. */
  works(from: string, url: string, claim: WorksClaim): Promise<void> {
    const { servers, client } = claim
    const requests = claim.requests ?? (servers.length > 1 ? 2 * servers.length : 1)
    return this.traffic('works', claim, async () => {
      const answers: string[] = []
      for (let request = 0; request < requests; request++) {
        const answer = await this.ask(from, url)
        answers.push(answer.server)
        const expected = typeof client === 'object' ? client[answer.server] : client
        if (expected !== undefined && answer.client !== expected)
          throw new Error(`${answer.server} saw ${answer.client} as its client, not ${expected}`)
      }
      if (!inTurn(answers, servers)) throw new Error(`answered in this order: ${answers.join(' ')}`)
    })
  }

  /** Claims that a request is not answered, and what the client is told instead. */
  fails(from: string, url: string, claim: FailsClaim): Promise<void> {
    const codes = [claim.code ?? 'ETIMEDOUT'].flat()
    return this.traffic('fails', claim, async () => {
      // A slow guest gets its time to say no; only for silence the wait itself is the evidence.
      const seconds = codes.includes('ETIMEDOUT') ? silenceSeconds : answerSeconds
      const failure = await this.ask(from, url, seconds).then(
        (answer) => new Error(`${answer.server} answered, and saw ${answer.client} as its client`),
        (error: unknown) => error as Error,
      )
      if (!(failure instanceof LabError)) throw failure
      if (!codes.includes((failure.cause as { code: FailureCode }).code)) throw failure
    })
  }

  /** Claims anything else: the check throws where it does not hold. */
  async holds(claim: ClaimText, check: () => Promise<unknown>): Promise<void> {
    await this.judge('holds', claim, check, async () => ({ seen: [], unseen: 0 }))
  }

  /** A claim that this kernel gives no ground for. It is counted, with its reason. */
  skip(claim: ClaimText, reason: Narration): void {
    this.tell({ ...told(claim), outcome: 'holds', verdict: 'skipped', reason, seen: [], unseen: 0 })
  }

  /** Prints something to look at, such as a table of the kernel. */
  show(text: Narration, content: string): void {
    this.tell({ kind: 'listing', text, lines: content.trimEnd().split('\n') })
  }

  /** What the recorded links saw since the last claim of `works` or `fails` began. */
  packets(): Promise<Packet[]> {
    return this.recorder.packets()
  }

  /** The first such packet that the recorded links saw since then. Rejects if there is none. */
  async packet(isIt: (packet: Packet) => boolean): Promise<Packet> {
    const found = await this.recorder.packet(isIt, recordedMs)
    if (found !== undefined) return found
    const seen = (await this.packets()).map((packet) => `${packet.at}  ${formatPacket(packet)}`)
    throw new Error(`no such packet was seen, but ${seen.join('; ') || 'none at all'}`)
  }

  /** @internal */
  async close(): Promise<void> {
    for (const open of this.kernels.values())
      await open.then(
        (kernel) => kernel.close(),
        () => undefined, // it was never opened, and whoever asked for it knows
      )
  }

  private async traffic(
    outcome: 'works' | 'fails',
    claim: ClaimText,
    check: () => Promise<void>,
  ): Promise<void> {
    this.recorder.mark()
    await this.judge(outcome, claim, check, () => this.recorder.lines(mostLines))
  }

  private async judge(
    outcome: ClaimEvent['outcome'],
    claim: ClaimText,
    check: () => Promise<unknown>,
    look: () => Promise<Pick<ClaimEvent, 'seen' | 'unseen'>>,
  ): Promise<void> {
    const failure = await check().then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    )
    const verdict = failure === undefined ? 'passed' : 'failed'
    const detail = failure === undefined ? {} : { detail: failure }
    this.tell({ ...told(claim), outcome, verdict, ...detail, ...(await look()) })
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof AssertionError)) return error instanceof Error ? error.message : String(error)
  const { actual, expected, generatedMessage, message } = error
  if (!generatedMessage) return message
  const show = (value: unknown): string => inspect(value, { breakLength: Infinity })
  return `found ${show(actual)}, expected ${error.operator} ${show(expected)}`
}

function told(claim: ClaimText): Pick<ClaimEvent, 'kind' | 'text' | 'path' | 'why'> {
  const { en, zh, path, why } = claim
  return {
    kind: 'claim',
    text: { en, zh },
    ...(path !== undefined && { path: typeof path === 'string' ? { en: path, zh: path } : path }),
    ...(why !== undefined && { why }),
  }
}
