/** Builds a User-Mode Linux kernel from Debian's kernel source and the configuration that this package carries. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { PrivateApt } from './debian/private-apt.js'
import { upstreamVersion } from './debian/upstream-version.js'
import { LabError } from './errors.js'
import { kernelCacheFolder } from './kernels.js'
import { carriedFile } from './package-folder.js'
import { runProgram } from './program.js'
import { buildPackages, missingBuildPackages } from './requirements.js'

/** Suites that have had the source that the configuration was written for, in the order in which they are asked. */
const suites = ['trixie-backports', 'sid']
const preferredSource = 'linux-source-7.2'

export interface BuildOptions {
  /** Told what is being done, in a few words; often while the compiler runs. */
  onProgress?: (text: string) => void
  /** Ends the build between two files. What was compiled is kept: the next call goes on from there. */
  signal?: AbortSignal | undefined
  /** Compilers at a time. Default: one a CPU. */
  jobs?: number | undefined
}

export interface BuiltKernel {
  readonly file: string
  /** Debian's version of the source. */
  readonly version: string
  /** True if this very kernel was in the cache folder already. */
  readonly cached: boolean
  /** Settings of the configuration that this version does not have. */
  readonly unknownSettings: readonly string[]
}

/**
 * Takes 15 to 30 minutes of one or two CPUs, 170 MB of download and 4 GB of disk. The kernel is then the lab's
 * default. Its name holds a hash of version and configuration: a second call finds it.
 * @throws LabError `ERR_LAB_PROGRAM_MISSING`, `ERR_LAB_FETCH`, `ERR_LAB_BUILD`
 * @throws AbortError
 */
export async function buildUmlKernel(options: BuildOptions = {}): Promise<BuiltKernel> {
  const { onProgress = () => {}, signal } = options
  requireBuildTools()
  const cache = kernelCacheFolder()
  onProgress('reading package lists')
  const { apt, name, version } = await findSource(join(dirname(cache), 'apt'), signal)
  const configuration = await readFile(carriedFile('uml.config'), 'utf8')
  const kernelName = umlKernelName(version, configuration)
  const file = join(cache, kernelName)
  if (existsSync(file)) return { file, version, cached: true, unknownSettings: [] }

  const tree = join(dirname(cache), 'build', kernelName)
  if (!existsSync(join(tree, 'Makefile'))) await unpackSource(apt, name, tree, options)
  onProgress('configuring')
  const unknownSettings = await configure(tree, signal)
  await compile(tree, options)
  await mkdir(cache, { recursive: true })
  await copyFile(join(tree, 'linux'), `${file}.partial`)
  await runProgram('strip', ['-g', `${file}.partial`], { package: 'binutils', code: 'ERR_LAB_BUILD' })
  await rename(`${file}.partial`, file)
  await rm(tree, { recursive: true })
  return { file, version, cached: false, unknownSettings }
}

/** `linux-7.2.12-0a1b2c3d-uml`: upstream's version, and what the kernel was made from. */
export function umlKernelName(debianVersion: string, configuration: string): string {
  const hash = createHash('sha256').update(`${debianVersion}\0${configuration}`).digest('hex').slice(0, 8)
  return `linux-${upstreamVersion(debianVersion)}-${hash}-uml`
}

function requireBuildTools(): void {
  const missing = missingBuildPackages()
  if (missing.length === 0) return
  throw new LabError(`a kernel cannot be built: ${missing.join(', ')} not installed`, {
    code: 'ERR_LAB_PROGRAM_MISSING',
    remedy: `run: apt-get install --no-install-recommends ${buildPackages.join(' ')}`,
  })
}

async function findSource(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ apt: PrivateApt; name: string; version: string }> {
  const tried: string[] = []
  for (const suite of suites) {
    const apt = await PrivateApt.open(folder, suite, { signal }).catch((error: unknown) => {
      if (!(error instanceof LabError) || error.code !== 'ERR_LAB_FETCH') throw error
      tried.push(`${suite}: ${error.message}`)
      return undefined
    })
    const version = await apt?.version(preferredSource)
    if (apt !== undefined && version !== undefined) return { apt, name: preferredSource, version }
    if (apt !== undefined) tried.push(`${suite}: no ${preferredSource}`)
  }
  throw new LabError("Debian's kernel source cannot be fetched", {
    code: 'ERR_LAB_FETCH',
    tried,
  })
}

// The tree appears under its name once it is whole: an interrupted download or unpacking starts again.
async function unpackSource(
  apt: PrivateApt,
  name: string,
  tree: string,
  options: BuildOptions,
): Promise<void> {
  const { onProgress = () => {}, signal } = options
  const work = `${tree}.partial`
  await rm(work, { recursive: true, force: true })
  onProgress(`fetching ${name}`)
  const file = await apt.download(name)
  onProgress('unpacking the source')
  const common = { signal, code: 'ERR_LAB_BUILD' } as const
  await mkdir(join(work, 'tree'), { recursive: true })
  await runProgram('dpkg-deb', ['-x', file, join(work, 'package')], { ...common, package: 'dpkg' })
  const archive = join(work, 'package/usr/src', `${name}.tar.xz`)
  await runProgram('tar', ['-xf', archive, '-C', join(work, 'tree'), '--strip-components=1'], common)
  await rm(tree, { recursive: true, force: true })
  await rename(join(work, 'tree'), tree)
  await rm(work, { recursive: true })
  await rm(dirname(file), { recursive: true })
}

/** Returns the settings that did not come out as asked. */
async function configure(tree: string, signal: AbortSignal | undefined): Promise<string[]> {
  const asked = await readFile(carriedFile('uml.config'), 'utf8')
  const make = (target: string): Promise<string> => runMake(tree, [target], signal)
  await make('defconfig')
  const defaults = await readFile(join(tree, '.config'), 'utf8')
  // The last setting of a symbol counts.
  await writeFile(join(tree, '.config'), `${defaults}\n${asked}`)
  await make('olddefconfig')
  return unknownSettings(asked, await readFile(join(tree, '.config'), 'utf8'))
}

/** Lines `CONFIG_X=value` of `asked` that `result` does not have; `=n` is `# CONFIG_X is not set` or nothing there. */
export function unknownSettings(asked: string, result: string): string[] {
  const lines = new Set(result.split('\n'))
  const settings = asked.split('\n').filter((line) => line.startsWith('CONFIG_'))
  return settings.filter((setting) => {
    const [symbol = '', value] = setting.split('=')
    if (value === 'n') return [...lines].some((line) => line.startsWith(`${symbol}=`))
    return !lines.has(setting)
  })
}

async function compile(tree: string, { onProgress = () => {}, signal, jobs }: BuildOptions): Promise<void> {
  let objects = 0
  await runMake(tree, [`-j${jobs ?? availableParallelism()}`, 'linux'], signal, (text) => {
    const built = text.match(/^\s+(CC|AS|LD|AR)\s/gm)?.length ?? 0
    if (built === 0) return
    objects += built
    onProgress(`compiling: ${objects} objects`)
  })
}

// At low priority: the build takes every CPU for a long time.
function runMake(
  tree: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  onOutput?: (text: string) => void,
): Promise<string> {
  return runProgram('nice', ['-n', '10', 'make', 'ARCH=um', ...args], {
    cwd: tree,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LC_ALL: 'C' },
    signal,
    code: 'ERR_LAB_BUILD',
    ...(onOutput === undefined ? {} : { onOutput }),
  })
}
