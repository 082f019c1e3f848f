/** The packed package, installed in a folder of its own with nothing but its prebuild: what a user gets. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface Consumer {
  /** The packed package. */
  tarball: string
  /** Paths inside the package. */
  files: string[]
  /** Runs an ES module's text in the consumer's folder and returns what it printed. */
  run(script: string, ...nodeOptions: string[]): string
  remove(): void
}

const repository = resolve(__dirname, '../../..')

export function installPackage(): Consumer {
  execFileSync(process.execPath, ['scripts/refresh-prebuild.mjs'], { cwd: repository, stdio: 'inherit' })
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
  const [packed] = JSON.parse(
    npm(repository, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder),
  ) as [{ filename: string; files: { path: string }[] }]
  const tarball = join(folder, packed.filename)
  const consumer = join(folder, 'consumer')
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }')
  npm(consumer, 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball)
  return {
    tarball,
    files: packed.files.map(({ path }) => path),
    run: (script, ...nodeOptions) => runModule(consumer, script, nodeOptions),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function runModule(cwd: string, script: string, nodeOptions: string[]): string {
  // Nothing of this run may leak in: the loader's own override would hide a package without a prebuild.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, IPVS_DIRECTOR_PREBUILD: undefined }
  const args = [...nodeOptions, '--input-type=module', '--eval', script]
  return execFileSync(process.execPath, args, { cwd, env, encoding: 'utf8' }).trim()
}
