/**
 * Debian packages of other releases, fetched by apt with lists of its own: the machine's package lists, its
 * configuration and its installed packages stay as they are.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors.js'
import { runProgram, type ProgramOptions } from '../program.js'
import { findDebianSource, type PackageSource, type SourceFile } from './sources.js'

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

export class PrivateApt {
  private constructor(
    private readonly folder: string,
    private readonly options: ProgramOptions,
  ) {}

  /**
   * Reads the package lists of `suite` into `folder`.
   * @throws LabError `ERR_LAB_FETCH` (no such suite, no network), `ERR_LAB_PROGRAM_MISSING` (not a Debian machine)
   */
  static async open(folder: string, suite: string, options: ProgramOptions = {}): Promise<PrivateApt> {
    const apt = new PrivateApt(join(folder, suite), options)
    const parts = join(apt.folder, 'sources.d')
    await Promise.all(
      ['sources.d', 'lists/partial', 'cache/archives/partial'].map((name) =>
        mkdir(join(apt.folder, name), { recursive: true }),
      ),
    )
    await writeFile(join(parts, 'private.sources'), stanza(await thisMachinesSource(), suite))
    await apt.run('apt-get', ['update', '--quiet', '--error-on=any'])
    return apt
  }

  /** Names of packages that begin with `prefix`. */
  async names(prefix: string): Promise<string[]> {
    return (await this.run('apt-cache', ['pkgnames', prefix])).split('\n').filter((name) => name !== '')
  }

  /** The newest version of a package, such as `7.2.12-1~bpo13+1`; undefined if there is no such package. */
  async version(name: string): Promise<string | undefined> {
    const text = await this.run('apt-cache', ['show', '--no-all-versions', name]).catch(() => '')
    return /^Version: (.+)$/m.exec(text)?.[1]
  }

  /** What a package depends on, first level. */
  async dependencies(name: string): Promise<string[]> {
    const text = await this.run('apt-cache', ['depends', name])
    return [...text.matchAll(/^\s*\|?Depends: (\S+)$/gm)].map(([, dependency = '']) => dependency)
  }

  /** Fetches a package; the path of the .deb file. */
  async download(name: string): Promise<string> {
    const target = join(this.folder, 'packages', name)
    await mkdir(target, { recursive: true })
    await this.run('apt-get', ['download', '--quiet', name], { cwd: target })
    const file = (await readdir(target))
      .filter((entry) => entry.endsWith('.deb'))
      .sort()
      .at(-1)
    if (file === undefined) throw new LabError(`apt-get fetched no ${name}`, { code: 'ERR_LAB_FETCH' })
    return join(target, file)
  }

  private run(program: string, args: readonly string[], more: ProgramOptions = {}): Promise<string> {
    const settings = {
      'Dir::Etc::sourcelist': '/dev/null',
      'Dir::Etc::sourceparts': join(this.folder, 'sources.d'),
      'Dir::State::lists': join(this.folder, 'lists'),
      'Dir::Cache': join(this.folder, 'cache'),
      // Otherwise apt, run by root, writes as a user who may not write here.
      'APT::Sandbox::User': '',
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return runProgram(program, [...flags, ...args], {
      ...this.options,
      ...more,
      env: { ...process.env, LC_ALL: 'C' },
      package: 'apt',
      code: 'ERR_LAB_FETCH',
    })
  }
}

function stanza({ uri, signedBy }: PackageSource, suite: string): string {
  const keyring = signedBy ?? (existsSync(debianKeyring) ? debianKeyring : undefined)
  const lines = ['Types: deb', `URIs: ${uri}`, `Suites: ${suite}`, 'Components: main']
  return [...lines, ...(keyring === undefined ? [] : [`Signed-By: ${keyring}`]), ''].join('\n')
}

/** Debian's name of this machine's release, such as `bookworm`. */
export async function releaseName(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const name = /^VERSION_CODENAME="?([\w-]+)/m.exec(text)?.[1]
  if (name !== undefined) return name
  throw new LabError('this machine is not a release of Debian (no VERSION_CODENAME in /etc/os-release)', {
    code: 'ERR_LAB_FETCH',
    remedy: 'fetch the kernel on a Debian machine and name it by the option "kernel"',
  })
}

async function thisMachinesSource(): Promise<PackageSource> {
  const codename = await releaseName()
  const source = findDebianSource(await sourceFiles(), codename)
  if (source !== undefined) return source
  throw new LabError(`apt has no source for ${codename}/main, from whose server the package would come`, {
    code: 'ERR_LAB_FETCH',
    tried: ['/etc/apt/sources.list', '/etc/apt/sources.list.d'],
  })
}

async function sourceFiles(): Promise<SourceFile[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => [])
  const names = [
    '/etc/apt/sources.list',
    ...parts
      .filter((name) => /\.(list|sources)$/.test(name))
      .map((name) => `/etc/apt/sources.list.d/${name}`),
  ]
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })),
  )
}
