/** The first files of a QEMU guest: busybox and the modules without which it cannot see the host's files. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { LabError } from '../errors.js'
import { carriedFile } from '../package-folder.js'
import { runProgram } from '../program.js'
import { cpioArchive, type ArchiveEntry } from './cpio.js'

const busybox = '/bin/busybox'
/** Those that the kernel has built in are passed over. */
const modulesNeeded = ['virtio_pci', 'virtio_console', 'virtiofs', 'overlay', 'virtio_rng']

/** @param root Folder with `lib/modules/RELEASE`. */
export async function writeInitramfs(target: string, root: string, release: string): Promise<void> {
  if (!existsSync(busybox)) {
    throw new LabError('busybox is not installed', {
      code: 'ERR_LAB_PROGRAM_MISSING',
      remedy: 'run: apt-get install --no-install-recommends busybox-static',
    })
  }
  const files = await moduleFiles(root, release)
  const modules = await Promise.all(
    files.map(async (file): Promise<ArchiveEntry> => ({
      path: `modules/${plainName(file)}`,
      content: await unpacked(file),
    })),
  )
  const folders = ['bin', 'proc', 'sys', 'dev', 'host', 'modules'].map((path): ArchiveEntry => ({ path }))
  const order = files.map((file) => `${plainName(file)}\n`).join('')
  const archive = cpioArchive([
    ...folders,
    { path: 'bin/busybox', content: await readFile(busybox), executable: true },
    { path: 'init', content: await readFile(carriedFile('initramfs-init')), executable: true },
    { path: 'modules/order', content: Buffer.from(order) },
    ...modules,
  ])
  await writeFile(target, gzipSync(archive, { level: 1 }))
}

/** Module files in the order in which they must be loaded. */
async function moduleFiles(root: string, release: string): Promise<string[]> {
  const files: string[] = []
  for (const name of modulesNeeded) {
    const text = await runProgram('modprobe', ['-d', root, '-S', release, '--show-depends', name], {
      package: 'kmod',
      code: 'ERR_LAB_FETCH',
    }).catch(() => '') // the kernel has it neither built in nor as a module: whether it boots will show
    for (const [, file = ''] of text.matchAll(/^insmod (\S+)/gm)) if (!files.includes(file)) files.push(file)
  }
  return files
}

function plainName(file: string): string {
  return basename(file).replace(/\.(xz|zst|gz)$/, '')
}

async function unpacked(file: string): Promise<Buffer> {
  if (file.endsWith('.ko')) return readFile(file)
  const program = file.endsWith('.xz') ? 'xz' : file.endsWith('.zst') ? 'zstd' : 'gzip'
  const { stdout } = await promisify(execFile)(program, ['-dcq', file], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  })
  return stdout
}
