/** One network namespace of a topology. */
import { openKernel } from '../../kernel.js'
import { LabError } from '../errors.js'
import { execute, runProgram, type ProgramResult } from '../program.js'
import { InvalidArgumentError } from '../../errors.js'
import { AgentProcess } from './agent-process.js'
import { addressCommand, routeCommand } from './ip-batch.js'
import type { HttpReply } from './protocol.js'
import {
  checkedAddress,
  checkedPort,
  checkSysctl,
  type BackendAnswer,
  type BackendSpec,
  type RouteSpec,
} from './spec.js'

export interface RequestOptions {
  /** Default 5 s. */
  readonly timeoutSeconds?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer to a request; `backend` is there if one of our backends gave it. */
export interface Reply extends HttpReply {
  readonly backend?: BackendAnswer
}

export interface Backend extends Required<Omit<BackendSpec, 'address'>> {
  /** Stops serving; open connections are closed. */
  close(): Promise<void>
}

export class Namespace {
  private agent: AgentProcess | undefined

  /** @param netnsName Its name for `ip netns`. */
  constructor(
    readonly name: string,
    readonly netnsName: string,
  ) {}

  /** For `openKernel({ netns: namespace.path })`. */
  get path(): string {
    return `/run/netns/${this.netnsName}`
  }

  /** Runs a program in the namespace to its end, whatever it returns. */
  run(command: readonly [string, ...string[]], options: { input?: string } = {}): Promise<ProgramResult> {
    return execute('nsenter', [`--net=${this.path}`, '--', ...command], options)
  }

  /** Hands lines to `ip -batch` in the namespace; rejects with `ERR_LAB_TOPOLOGY` at the first that is refused. */
  async ip(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    await runIpBatch(['-n', this.netnsName], lines)
  }

  addAddress(link: string, address: string): Promise<void> {
    return this.ip([addressCommand('add', link, address, 'address')])
  }

  removeAddress(link: string, address: string): Promise<void> {
    return this.ip([addressCommand('del', link, address, 'address')])
  }

  addRoute(route: RouteSpec): Promise<void> {
    return this.ip([routeCommand(route, 'route')])
  }

  /** Sets sysctls of the namespace (`net.…`). */
  async setSysctls(values: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [name, value] of Object.entries(values)) checkSysctl('sysctls', name, value)
    // In this process: in a guest a program takes longer to start than all settings of a namespace to be written.
    const kernel = await openKernel({ netns: this.path })
    try {
      const { failed } = await kernel.sysctls.setAll(values)
      if (failed[0] === undefined) return
      const { error: cause } = failed[0]
      throw new LabError(`in namespace ${this.name}: ${cause.message}`, { code: 'ERR_LAB_TOPOLOGY', cause })
    } finally {
      await kernel.close()
    }
  }

  /** Starts a server in the namespace; see {@link BackendSpec} for what it answers. */
  async serve(spec: BackendSpec): Promise<Backend> {
    const { protocol, address, name = this.name } = spec
    const port = checkedPort('port', spec.port)
    if (address !== undefined) checkedAddress('address', address)
    const full = { protocol, port, name, ...(address === undefined ? {} : { address }) }
    const agent = this.startedAgent()
    const handle = await agent.ask('serve', full, `${protocol} server on port ${port}`)
    return {
      protocol,
      port,
      name,
      close: async () => void (await agent.ask('close', handle, 'close')),
    }
  }

  /**
   * HTTP GET from the namespace, over a connection of its own. Rejects with `ERR_LAB_REQUEST` if nothing answers; its
   * `cause` has the system's code, `ETIMEDOUT` where the time was up.
   */
  async request(url: string, options: RequestOptions = {}): Promise<Reply> {
    if (!/^http:\/\//.test(url))
      throw new InvalidArgumentError('url', url, 'an address that begins with http://')
    const spec = { url, headers: options.headers ?? {}, timeoutMs: milliseconds(options) }
    const reply = await this.startedAgent().ask('request', spec, `GET ${url}`)
    const backend = parseAnswer(reply.body)
    return backend === undefined ? reply : { ...reply, backend }
  }

  /** Sends a text to a `tcp` or `udp` backend and returns what it answered. */
  async exchange(
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    text: string,
    options: Pick<RequestOptions, 'timeoutSeconds'> = {},
  ): Promise<BackendAnswer> {
    const spec = {
      protocol,
      address,
      port: checkedPort('port', port),
      text,
      timeoutMs: milliseconds(options),
    }
    const what = `${protocol} exchange with ${checkedAddress('address', address)} port ${port}`
    const reply = await this.startedAgent().ask('exchange', spec, what)
    const backend = parseAnswer(reply)
    if (backend === undefined) throw new LabError(`${what}: no backend answered`, { code: 'ERR_LAB_REQUEST' })
    return backend
  }

  /** Ends what runs in the namespace on our behalf. */
  async stop(): Promise<void> {
    await this.agent?.stop()
    this.agent = undefined
  }

  // One process a namespace, started when first needed: it takes a second or more in a guest.
  private startedAgent(): AgentProcess {
    return (this.agent ??= AgentProcess.start(this.name, this.path))
  }
}

export async function runIpBatch(args: readonly string[], lines: readonly string[]): Promise<void> {
  await runProgram('ip', [...args, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    package: 'iproute2',
    code: 'ERR_LAB_TOPOLOGY',
    remedy:
      'a topology needs root, and the link types it names: run it in the lab where this kernel has not got them',
  })
}

function milliseconds({ timeoutSeconds = 5 }: RequestOptions): number {
  if (!(timeoutSeconds > 0 && timeoutSeconds <= 300)) {
    throw new InvalidArgumentError('timeoutSeconds', timeoutSeconds, 'a number above 0, at most 300')
  }
  return Math.ceil(timeoutSeconds * 1000)
}

function parseAnswer(body: string): BackendAnswer | undefined {
  try {
    const answer = JSON.parse(body) as Partial<BackendAnswer>
    return typeof answer.server === 'string' && typeof answer.client === 'string'
      ? (answer as BackendAnswer)
      : undefined
  } catch {
    return undefined
  }
}
