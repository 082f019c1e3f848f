/** Which kernel a guest boots: the search, without starting anything. */
import { accessSync, constants, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { LabError } from './errors.js'

export const KERNEL_VARIABLE = 'IPVS_DIRECTOR_LAB_KERNEL'
/** Debian's package `user-mode-linux`. */
export const DEBIAN_UML_KERNEL = '/usr/bin/linux.uml'
const DEBIAN_UML_MODULES = '/usr/lib/uml/modules'

/** What the search needs from the machine; tests hand in another one. */
export interface KernelPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** True if the file exists and may be read. */
  readable(file: string): boolean
  /** File names in a folder; empty where there is no such folder. */
  names(folder: string): readonly string[]
}

export interface UmlKernel {
  /** The kernel's executable, or that executable packed by xz. */
  readonly file: string
  /** Folder with one folder of modules for each kernel release, where the kernel has any. */
  readonly modules: string
  /** Why this one: `'option'`, `'environment'`, `'cache'` or `'debian'`. */
  readonly source: 'option' | 'environment' | 'cache' | 'debian'
}

export const thisMachine: KernelPlaces = {
  environment: process.env,
  home: homedir(),
  readable(file) {
    try {
      accessSync(file, constants.R_OK)
      return true
    } catch {
      return false
    }
  },
  names(folder) {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  },
}

/** Where kernels are kept: `$XDG_CACHE_HOME/ipvs-director/kernels`, by default below `~/.cache`. */
export function kernelCacheFolder(places: KernelPlaces = thisMachine): string {
  const cache = places.environment['XDG_CACHE_HOME']
  // The XDG base directory specification: a relative path is to be ignored.
  const base = cache?.startsWith('/') === true ? cache : join(places.home, '.cache')
  return join(base, 'ipvs-director', 'kernels')
}

/**
 * The UML kernel to boot: `requested` (a file, or `'debian'` for Debian's own), else the file that
 * `IPVS_DIRECTOR_LAB_KERNEL` names, else the newest `linux-VERSION-…-uml` in the cache folder, else Debian's.
 * @throws LabError `ERR_LAB_KERNEL_MISSING`
 */
export function findUmlKernel(requested: string | undefined, places: KernelPlaces = thisMachine): UmlKernel {
  const named = places.environment[KERNEL_VARIABLE]
  if (requested !== undefined && requested !== 'debian') return namedKernel(requested, 'option', places)
  if (requested === undefined && named !== undefined && named !== '')
    return namedKernel(named, 'environment', places)
  const folder = kernelCacheFolder(places)
  const cached = requested === undefined ? newestKernel(places.names(folder)) : undefined
  if (cached !== undefined) return umlKernel(join(folder, cached), 'cache')
  if (places.readable(DEBIAN_UML_KERNEL)) return umlKernel(DEBIAN_UML_KERNEL, 'debian')
  throw new LabError('no User-Mode Linux kernel found', {
    code: 'ERR_LAB_KERNEL_MISSING',
    tried:
      requested === undefined
        ? [`$${KERNEL_VARIABLE}`, join(folder, 'linux-*-uml'), DEBIAN_UML_KERNEL]
        : [DEBIAN_UML_KERNEL],
    remedy: 'run: apt-get install --no-install-recommends user-mode-linux',
  })
}

function namedKernel(name: string, source: 'option' | 'environment', places: KernelPlaces): UmlKernel {
  const file = resolve(name)
  if (places.readable(file)) return umlKernel(file, source)
  const said = source === 'environment' ? `$${KERNEL_VARIABLE} names` : 'the option names'
  throw new LabError(`the kernel ${file} cannot be read (${said} it)`, {
    code: 'ERR_LAB_KERNEL_MISSING',
    tried: [file],
    remedy: "name a UML kernel's executable (or its .xz), or leave it out to boot Debian's user-mode-linux",
  })
}

function umlKernel(file: string, source: UmlKernel['source']): UmlKernel {
  return {
    file,
    source,
    modules: file === DEBIAN_UML_KERNEL ? DEBIAN_UML_MODULES : join(dirname(file), 'modules'),
  }
}

/** The highest version among names like `linux-7.2.13-uml` and `linux-7.2.13-0a1b2c3d-uml`. */
export function newestKernel(names: readonly string[]): string | undefined {
  return newestName(names, /^linux-\d+(\.\d+)*(-[\w.]+)?-uml$/)
}

/** The one with the highest version among the names that match; versions compare as numbers. */
export function newestName(names: readonly string[], pattern: RegExp): string | undefined {
  const byVersion = new Intl.Collator('en', { numeric: true })
  return names
    .filter((name) => pattern.test(name))
    .sort(byVersion.compare)
    .at(-1)
}
