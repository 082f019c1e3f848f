/** The command's input and output on this side of the guest. */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { type ReadStream } from 'node:tty'
import { channels } from './boot-plan.js'
import type { GuestProcess } from './guest-process.js'
import type { LabOutput, LabRequest } from './options.js'
import { inputMode } from './run-folder.js'

/** Passes one output of the command on, and collects it where that was asked for. */
export class OutputSink {
  private readonly chunks: Buffer[] = []

  constructor(source: Readable, destination: LabOutput, inherited: NodeJS.WriteStream) {
    if (destination === 'inherit') source.pipe(inherited, { end: false })
    else if (destination === 'ignore') source.resume()
    else if (destination === 'pipe') source.on('data', (chunk: Buffer) => this.chunks.push(chunk))
    else source.on('data', destination)
  }

  collected(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

/** Starts to feed the command. The returned function stops it and leaves this process's input as it was. */
export function feedInput(guest: GuestProcess, request: LabRequest): () => void {
  if (request.terminal) return joinTerminal(guest, process.stdin)
  if (inputMode(request) !== 'frames') return () => {}
  const source: Readable = request.stdin === 'inherit' ? process.stdin : (request.stdin as Readable)
  const stopped = new AbortController()
  const input = guest.writable(channels.input)
  const sent = guest.readyForInput.then(() => sendFrames(source, input, stopped.signal))
  sent.catch(() => {
    // The source failed or was stopped. What had been read has been sent; the command sees the end of its input.
    input.write('0\n')
  })
  return () => {
    stopped.abort()
    // A terminal or pipe that stays open would keep this process alive.
    if (source === process.stdin) letGo(process.stdin)
  }
}

/** Each chunk is sent as its length, a newline, and the bytes; the end as length 0: a console has no end of file. */
export async function sendFrames(source: Readable, guest: Writable, signal: AbortSignal): Promise<void> {
  const iterator = source.iterator({ destroyOnReturn: false })
  const onAbort = once(signal, 'abort').then(() => ({ done: true, value: undefined }) as const)
  for (;;) {
    const next = await Promise.race([iterator.next(), onAbort])
    if (next.done === true) break
    const chunk = Buffer.from(next.value as Uint8Array | string)
    if (chunk.length === 0) continue
    guest.write(`${chunk.length}\n`)
    if (!guest.write(chunk)) await Promise.race([once(guest, 'drain'), onAbort])
  }
  guest.write('0\n')
}

/** Keys go to the guest as they are typed; its terminal follows the size of ours. */
function joinTerminal(guest: GuestProcess, terminal: ReadStream): () => void {
  const keyboard = guest.writable(channels.stdout)
  const tellSize = (): void => {
    guest.writable(channels.input).write(`${process.stdout.rows} ${process.stdout.columns}\n`)
  }
  const type = (keys: Buffer): void => void keyboard.write(keys)
  terminal.setRawMode(true)
  terminal.on('data', type)
  process.stdout.on('resize', tellSize)
  void guest.readyForInput.then(tellSize)
  return () => {
    process.stdout.off('resize', tellSize)
    terminal.off('data', type)
    terminal.setRawMode(false)
    letGo(terminal)
  }
}

// Standard input is a socket, a terminal or a file; a file has no unref and needs none.
function letGo(input: Readable & { unref?: () => unknown }): void {
  input.pause()
  input.unref?.()
}
