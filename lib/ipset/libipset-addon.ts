/**
 * Finds and loads the second addon, the one that links libipset. It is apart because libipset is GPL-2.0-only, and
 * because most users never need it: without it, everything else works.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UnsupportedFeatureError } from '../errors.js'
import { packageRoot } from '../load-addon.js'

/** What the words of a request may make libipset do; see native/libipset/screen.h. */
export interface NativePermissions {
  readonly hostNames: boolean
  readonly serviceNames: boolean
  readonly files: boolean
}

export interface NativeRequest {
  readonly mode: 'command' | 'restore'
  /** The command line without the program's name. */
  readonly words: readonly string[]
  /** A path; empty: the caller's own. */
  readonly networkNamespace: string
  readonly ignoresPresence: boolean
  /** Without it, libipset resolves names as the ipset tool does. */
  readonly screen: NativePermissions | undefined
}

export interface NativeRunFailure {
  readonly kind: 'system' | 'ipset' | 'notice' | 'refused'
  readonly message: string
  /** From 1; 0 where no line of the input is to blame. */
  readonly line: number
  readonly text: string
  /** An errno, or ipset's own error number from 4096 up; 0 where the kernel was not asked. */
  readonly number: number
  /** The type of the set that the number is about; empty where none is known. */
  readonly type: string
  readonly word: string
  readonly allowed: string
}

export interface NativeRunResult {
  readonly exitCode: number
  readonly cancelled: boolean
  readonly lines: number
  readonly failure: NativeRunFailure | undefined
  readonly warnings: readonly string[]
}

/** Called on the JavaScript thread; see native/libipset/binding/run_handle.h for what each event is answered with. */
export type NativeRunListener = (
  kind: 'started' | 'input' | 'output' | 'diagnostic' | 'end',
  value: never,
) => void

export interface NativeRun {
  push(chunk: Uint8Array): void
  end(): void
  refuseInput(): void
  consumed(bytes: number): void
  cancel(): void
}

export interface LibipsetAddon {
  readonly version: string
  readonly RunHandle: new (request: NativeRequest, listener: NativeRunListener) => NativeRun
  isManual(words: readonly string[]): boolean
  printManualAndExit(words: readonly string[], networkNamespace: string): never
}

let loaded: LibipsetAddon | undefined

/** Throws `ERR_UNSUPPORTED_FEATURE` where it is not built, or libipset is not installed. */
export function libipsetAddon(): LibipsetAddon {
  return (loaded ??= loadLibipsetAddon(join(packageRoot, 'native', 'libipset')))
}

/** Loads what was built in a folder. */
export function loadLibipsetAddon(folder: string): LibipsetAddon {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded on demand; node-gyp-build is CommonJS
    const nodeGypBuild = require('node-gyp-build') as (folder: string) => LibipsetAddon
    return nodeGypBuild(folder)
  } catch (cause) {
    throw loadFailure(folder, cause)
  }
}

function loadFailure(folder: string, cause: unknown): UnsupportedFeatureError {
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
  const tried = ['prebuilds', 'build/Release'].map((name) => {
    const path = join(folder, name)
    return `${path} (${existsSync(path) ? 'there' : 'absent'})`
  })
  const remedy = reason.includes('libipset.so')
    ? 'install libipset: apt-get install libipset13'
    : `build it: apt-get install g++ make python3 pkg-config libipset-dev, then, in ${packageRoot}, npm run build:libipset`
  return new UnsupportedFeatureError(
    "ipset's own text language",
    `the addon that links libipset did not load: ${reason} (tried ${tried.join(', ')})`,
    remedy,
    { cause },
  )
}
