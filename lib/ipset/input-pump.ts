/** Carries input of any shape to a run of libipset, a few chunks ahead of what it has asked for. */
import type { NativeRun } from './libipset-addon.js'

/** Text or bytes, whole or in pieces; pieces need not end with lines. A stream is read, and destroyed, to its end. */
export type IpsetInput =
  string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

const chunkSize = 256 * 1024

export class InputPump {
  private gathered: Uint8Array[] = []
  private size = 0
  private wanted = false
  private ended = false
  private stopped = false
  private resume: (() => void) | undefined

  constructor(private readonly run: NativeRun) {}

  /** The run waits for input. */
  request(): void {
    this.wanted = true
    this.deliver()
  }

  /** Settles when the input has ended, or the run no longer wants it; rejects when reading it fails. */
  async pump(input: IpsetInput): Promise<void> {
    try {
      for await (const piece of pieces(input)) {
        if (this.stopped) return
        await this.add(typeof piece === 'string' ? Buffer.from(piece) : piece)
      }
    } catch (error) {
      // A stream that stop() destroyed complains about it.
      if (!this.stopped) throw error
    }
    this.ended = true
    this.deliver()
  }

  /** The run has ended: an input that is still open is left, as a `for await` that breaks would leave it. */
  stop(input: IpsetInput): void {
    this.stopped = true
    this.resume?.()
    if (!this.ended && isDestroyable(input)) input.destroy()
  }

  private async add(bytes: Uint8Array): Promise<void> {
    this.gathered.push(bytes)
    this.size += bytes.byteLength
    this.deliver()
    if (this.size < chunkSize || this.stopped) return
    await new Promise<void>((resolve) => {
      this.resume = resolve
    })
  }

  private deliver(): void {
    if (!this.wanted || this.stopped) return
    if (this.size > 0) {
      this.wanted = false
      this.run.push(Buffer.concat(this.gathered))
      this.gathered = []
      this.size = 0
      this.resume?.()
    } else if (this.ended) {
      this.run.end()
    }
  }
}

function pieces(input: IpsetInput): Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array> {
  if (typeof input === 'string') return slices(input)
  return input instanceof Uint8Array ? [input] : input
}

/** Cuts after a newline, so that no character is cut in two. */
function* slices(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start + chunkSize)
    const end = newline === -1 ? text.length : newline + 1
    yield text.slice(start, end)
    start = end
  }
}

function isDestroyable(input: IpsetInput): input is IpsetInput & { destroy(): void } {
  return typeof input === 'object' && 'destroy' in input && typeof input.destroy === 'function'
}
