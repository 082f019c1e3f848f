/** Archives in cpio's `newc` format, in which a kernel takes its first files. Format: Linux, initramfs buffer format. */

export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly path: string
  /** Undefined for a folder. */
  readonly content?: Uint8Array
  readonly executable?: boolean
}

const fileType = 0o100000
const folderType = 0o040000

/** Folders must come before what is in them. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const members = entries.map((entry, index) => member(entry, index + 1))
  return Buffer.concat([...members, member({ path: 'TRAILER!!!', content: new Uint8Array() }, 0)])
}

function member({ path, content, executable = false }: ArchiveEntry, inode: number): Buffer {
  const mode = content === undefined ? folderType | 0o755 : fileType | (executable ? 0o755 : 0o644)
  const name = Buffer.from(`${path}\0`)
  const size = content?.length ?? 0
  // inode, mode, uid, gid, links, mtime, size, device major and minor (of the file, then of a device), name size, check
  const numbers = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length, 0]
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`
  return Buffer.concat([
    padded(Buffer.concat([Buffer.from(header), name])),
    padded(Buffer.from(content ?? [])),
  ])
}

/** Headers with their names, and contents, end on a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
