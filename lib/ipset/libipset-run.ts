/** One run of libipset, from JavaScript's side: feeds its input, takes its output, and knows when it is over. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { AbortError, DirectorError } from '../errors.js'
import { InputPump, type IpsetInput } from './input-pump.js'
import {
  libipsetAddon,
  type NativeRequest,
  type NativeRun,
  type NativeRunListener,
  type NativeRunResult,
} from './libipset-addon.js'

/** Takes one piece of output; the next follows when it has settled. */
export type Sink = (chunk: Buffer) => void | Promise<void>

export interface RunStreams {
  readonly input: IpsetInput
  readonly output: Sink
  readonly diagnostics: Sink
}

/**
 * Resolves however ipset itself fared; look at `failure`. Rejects with `ABORT_ERR`, with `ERR_IPSET_INPUT` or
 * `ERR_IPSET_OUTPUT` when a stream failed, and with `ERR_UNSUPPORTED_FEATURE` without libipset.
 */
export async function runLibipset(
  operation: string,
  request: NativeRequest,
  streams: RunStreams,
  signal: AbortSignal | undefined,
): Promise<NativeRunResult> {
  const { RunHandle } = libipsetAddon()
  const aborted = (): boolean => signal?.aborted === true
  if (aborted()) throw new AbortError(operation, signal?.reason)
  const run = new Run(streams)
  const cancel = (): void => run.cancel()
  signal?.addEventListener('abort', cancel)
  try {
    const result = await run.start((listener) => new RunHandle(request, listener))
    if (result.cancelled && aborted()) throw new AbortError(operation, signal?.reason)
    return result
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}

class Run {
  private handle: NativeRun | undefined
  private pump: { pump: InputPump; input: IpsetInput } | undefined
  /** Output in its order; a sink may take its time. */
  private written: Promise<void> = Promise.resolve()
  private failure: DirectorError | undefined

  constructor(private readonly streams: RunStreams) {}

  async start(create: (listener: NativeRunListener) => NativeRun): Promise<NativeRunResult> {
    const result = await new Promise<NativeRunResult>((resolve) => {
      this.handle = create((kind, value) => this.on(kind, value, resolve))
    })
    this.pump?.pump.stop(this.pump.input)
    await this.written
    if (this.failure !== undefined) throw this.failure
    return result
  }

  cancel(): void {
    this.handle?.cancel()
  }

  private on(kind: Parameters<NativeRunListener>[0], value: unknown, end: (result: NativeRunResult) => void) {
    if (kind === 'input') void this.supply(value as string)
    if (kind === 'output') this.write(this.streams.output, value as Buffer)
    if (kind === 'diagnostic') this.write(this.streams.diagnostics, value as Buffer)
    if (kind === 'end') end(value as NativeRunResult)
  }

  private async supply(file: string): Promise<void> {
    if (this.handle === undefined) return
    if (this.pump !== undefined) return this.pump.pump.request()
    try {
      const input = file === '' ? this.streams.input : await openInput(file)
      if (input === undefined) return this.handle.refuseInput()
      const pump = new InputPump(this.handle)
      this.pump = { pump, input }
      pump.request()
      await pump.pump(input)
    } catch (cause) {
      this.fail('ERR_IPSET_INPUT', 'the input could not be read', cause)
    }
  }

  private write(sink: Sink, chunk: Buffer): void {
    this.written = this.written
      .then(() => (this.failure === undefined ? sink(chunk) : undefined))
      .catch((cause: unknown) => this.fail('ERR_IPSET_OUTPUT', 'the output could not be written', cause))
      .then(() => this.handle?.consumed(chunk.length))
  }

  private fail(code: string, message: string, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.failure ??= new DirectorError(`${message}: ${reason}`, { code, cause })
    this.handle?.cancel()
  }
}

/** A file that the command line names after "-file"; nothing where it cannot be opened. */
async function openInput(path: string): Promise<IpsetInput | undefined> {
  try {
    const file = await open(path)
    return createReadStream(path, { fd: file })
  } catch {
    return undefined
  }
}
