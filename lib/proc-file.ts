/** Text files below /proc as a kernel's namespace shows them. */
import { close, constants, read, write } from 'node:fs'
import { promisify } from 'node:util'

import { type DirectorError, NetlinkError } from './errors.js'
import { translate } from './native.js'

/** Opens files inside a namespace; the kernel handle does. The caller closes the descriptor. */
export interface FileOpener {
  openFile(path: string, flags: number): Promise<number>
}

const readInto = promisify(read)
const writeFrom = promisify(write)
const closeFile = promisify(close)

const PIECE_BYTES = 64 << 10

/** Whether there is a file that may be read. */
export async function exists(opener: FileOpener, path: string): Promise<boolean> {
  try {
    await closeFile(await openFile(opener, path, constants.O_RDONLY))
    return true
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENOENT') return false
    throw error
  }
}

/** A whole, small file. */
export async function readText(opener: FileOpener, path: string): Promise<string> {
  let text = ''
  for await (const piece of readPieces(opener, path)) text += piece
  return text
}

/** Writes a sysctl: the kernel wants it whole, in one system call. */
export async function writeText(opener: FileOpener, path: string, text: string): Promise<void> {
  const fd = await openFile(opener, path, constants.O_WRONLY)
  try {
    await writeFrom(fd, text)
  } catch (error) {
    throw systemError('write', path, error)
  } finally {
    await closeFile(fd)
  }
}

/**
 * The lines of a file of any length, in groups, of which one is held at a time. What the kernel wrote is read as
 * Latin-1, so that no byte is lost.
 */
export async function* readLines(
  opener: FileOpener,
  path: string,
): AsyncGenerator<string[], void, undefined> {
  let rest = ''
  for await (const piece of readPieces(opener, path)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield lines
  }
  if (rest !== '') yield [rest]
}

// The kernel hands out a page at a time, whatever is asked for: pieces are put together here.
async function* readPieces(opener: FileOpener, path: string): AsyncGenerator<string, void, undefined> {
  const fd = await openFile(opener, path, constants.O_RDONLY)
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    for (let filled = PIECE_BYTES; filled === PIECE_BYTES;) {
      filled = await fill(fd, buffer, path)
      yield buffer.toString('latin1', 0, filled)
    }
  } finally {
    await closeFile(fd)
  }
}

async function fill(fd: number, buffer: Buffer, path: string): Promise<number> {
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await readInto(fd, buffer, filled, buffer.length - filled, null).catch(
      (error: unknown) => {
        throw systemError('read', path, error)
      },
    )
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

async function openFile(opener: FileOpener, path: string, flags: number): Promise<number> {
  try {
    return await opener.openFile(path, flags)
  } catch (error) {
    throw translate(error)
  }
}

function systemError(operation: string, path: string, error: unknown): DirectorError {
  const { code = 'EIO', errno } = error as NodeJS.ErrnoException
  return new NetlinkError(`${operation} ${path}: ${code}`, {
    code,
    errno: errno === undefined ? undefined : -errno,
    operation,
    cause: error,
  })
}
