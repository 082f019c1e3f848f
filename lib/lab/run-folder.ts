/**
 * The folder that a launcher and its guest share. The launcher leaves the guest's scripts and the command there,
 * the guest leaves when it was ready and what the command returned. `guest/session` lists the files.
 */
import { fstatSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { LabRequest } from './options.js'
import { carriedFile } from './package-folder.js'

/** What the guest has left so far. */
export interface GuestTraces {
  /** Milliseconds since the epoch when the command was about to start; undefined if the guest never came so far. */
  readonly bootedAt: number | undefined
  readonly kernelRelease: string | undefined
  readonly exitCode: number | undefined
}

export class RunFolder {
  private constructor(readonly path: string) {}

  static async create(request: LabRequest): Promise<RunFolder> {
    // The path stands on the guest's kernel command line, which knows no escapes.
    const parent = /^[\w/.+@-]+$/.test(tmpdir()) ? tmpdir() : '/tmp'
    const folder = new RunFolder(await mkdtemp(join(parent, 'ipvs-director-lab-')))
    try {
      await folder.fill(request)
    } catch (error) {
      await folder.remove()
      throw error
    }
    return folder
  }

  file(name: string): string {
    return join(this.path, name)
  }

  private async fill(request: LabRequest): Promise<void> {
    await Promise.all([
      copyFile(carriedFile('init'), this.file('init')),
      copyFile(carriedFile('session'), this.file('session')),
      writeFile(
        this.file('command'),
        environmentArguments(request).map((word) => `${word}\0`),
      ),
      writeFile(this.file('mode'), `${inputMode(request)} ${terminalSize(request)}\n`),
      writeFile(
        this.file('write'),
        request.write.map((folder) => `${mountTableName(folder)}\n`),
      ),
      inputMode(request) === 'file' ? writeFile(this.file('stdin'), wholeInput(request)) : undefined,
    ])
  }

  async traces(): Promise<GuestTraces> {
    const [booted, release, code] = await Promise.all([
      stat(this.file('booted')).catch(() => undefined),
      readFile(this.file('booted'), 'utf8').catch(() => ''),
      readFile(this.file('exit-code'), 'utf8').catch(() => ''),
    ])
    return {
      bootedAt: booted?.mtimeMs,
      kernelRelease: release.trim() || undefined,
      exitCode: /^\d+$/.test(code.trim()) ? Number(code) : undefined,
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

/** How the guest gets the command's input; the words of `guest/session`. */
export function inputMode(request: LabRequest): 'none' | 'file' | 'frames' | 'terminal' {
  if (request.terminal) return 'terminal'
  if (request.stdin === 'ignore') return 'none'
  return request.stdin instanceof Uint8Array || inheritsFile(request) ? 'file' : 'frames'
}

function terminalSize({ terminal }: LabRequest): string {
  return terminal ? `${process.stdout.rows} ${process.stdout.columns}` : ''
}

// A file is handed over as a file: quicker than through a console, and it cannot keep the command waiting.
function inheritsFile(request: LabRequest): boolean {
  return request.stdin === 'inherit' && fstatSync(0).isFile()
}

function wholeInput(request: LabRequest): Uint8Array | Readable {
  return request.stdin instanceof Uint8Array ? request.stdin : process.stdin
}

/** Arguments for env(1) that start the command with exactly the caller's environment and folder. */
export function environmentArguments(request: LabRequest): string[] {
  const variables = Object.entries(request.env).map(([name, value]) => `${name}=${value}`)
  // A variable whose name begins with a dash would read as an option: options end before the variables.
  return ['-i', `--chdir=${request.cwd}`, '--', ...variables, ...request.command]
}

/** A path as fstab(5) writes it. */
export function mountTableName(path: string): string {
  return path.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
