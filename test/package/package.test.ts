import test, { after, before } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Consumer, installPackage } from './consumer.js'

let consumer: Consumer

before(() => {
  consumer = installPackage()
})

after(() => {
  consumer.remove()
})

test('the package holds the library, the prebuild and the native sources, and no tests or build output', () => {
  const has = (path: string): boolean => consumer.files.includes(path)
  for (const path of [
    'dist/lib/index.js',
    'dist/lib/index.mjs',
    'dist/lib/index.d.ts',
    'dist/lib/index.d.mts',
  ]) {
    assert.ok(has(path), path)
  }
  for (const path of ['README.md', 'CHANGELOG.md', 'LICENSE', 'binding.gyp', 'native/sources.txt']) {
    assert.ok(has(path), path)
  }
  assert.ok(consumer.files.some((path) => /^prebuilds\/linux-[^/]+\/.*\.node$/.test(path)))
  assert.deepEqual(
    consumer.files.filter((path) =>
      /^(build|test|dist\/(test|bench|examples\/(?!experiments\/)))\//.test(path),
    ),
    [],
  )
})

test('the experiments are in it, as programs to copy and as what the program runs', () => {
  for (const path of ['examples/experiments/index.ts', 'dist/examples/experiments/index.js'])
    assert.ok(consumer.files.includes(path), path)
  const printed = consumer.run(`
    import { listExperiments } from 'ipvs-director'
    console.log((await listExperiments()).length)
  `)
  assert.ok(Number(printed) > 0)
})

test('an experiment that was copied out of it is read, or refused with what is missing: the compiler', () => {
  const printed = consumer.run(`
    import { copyFileSync } from 'node:fs'
    import * as nodeModule from 'node:module'
    import { findExperiment } from 'ipvs-director'
    copyFileSync('node_modules/ipvs-director/examples/experiments/hairpin.ts', 'mine.ts')
    const found = await findExperiment('./mine.ts').then(({ name }) => name, ({ message }) => message)
    console.log('stripTypeScriptTypes' in nodeModule, found)
  `)
  assert.match(printed, /^(true hairpin|false .*mine\.ts is TypeScript, .*npm install typescript.*)\n?$/)
})

test('require() and import give the same names with the same identity', () => {
  const printed = consumer.run(`
    import { createRequire } from 'node:module'
    import * as imported from 'ipvs-director'
    const required = createRequire(import.meta.url)('ipvs-director')
    const names = Object.keys(required)
    console.log(JSON.stringify({
      names: names.length,
      missing: Object.keys(required).filter((name) => !(name in imported)),
      different: names.filter((name) => imported[name] !== required[name]),
    }))
  `)
  const { names, missing, different } = JSON.parse(printed) as Record<string, unknown>
  assert.ok(Number(names) > 0)
  assert.deepEqual({ missing, different }, { missing: [], different: [] })
})

test('the addon that is loaded is the prebuild', () => {
  const printed = consumer.run(`
    import { createRequire } from 'node:module'
    import { dirname, join } from 'node:path'
    const require = createRequire(import.meta.url)
    const root = dirname(require.resolve('ipvs-director/package.json'))
    const fromPackage = createRequire(join(root, 'package.json'))
    const addon = fromPackage('node-gyp-build').path(root)
    fromPackage(addon)
    console.log(addon)
  `)
  assert.match(printed, /node_modules\/ipvs-director\/prebuilds\/linux-[^/]+\/[^/]+\.node$/)
})

test('building from source finds the Node-API headers among the dependencies', () => {
  const printed = consumer.run(`
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    const fromPackage = createRequire(require.resolve('ipvs-director/package.json'))
    console.log(fromPackage('node-addon-api').include_dir)
  `)
  assert.notEqual(printed, '')
})

for (const platform of ['darwin', 'win32']) {
  test(`on ${platform} the import works and opening says that the platform is not supported`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvs-director-'))
    try {
      const disguise = join(folder, 'platform.cjs')
      writeFileSync(disguise, `Object.defineProperty(process, 'platform', { value: '${platform}' })`)
      const printed = consumer.run(
        `
          import { openKernel } from 'ipvs-director'
          await openKernel().then(
            () => console.log('opened'),
            (error) => console.log(error.code),
          )
        `,
        '--require',
        disguise,
      )
      assert.equal(printed, 'ERR_UNSUPPORTED_PLATFORM')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

/** Runs a checker of packages on the tarball; its output becomes the failure's message. */
function checkWith(program: string, ...args: string[]): void {
  try {
    execFileSync(join('node_modules/.bin', program), [...args, consumer.tarball], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    assert.fail(`${program}:\n${stdout}${stderr}`)
  }
}

test('publint finds nothing', () => {
  checkWith('publint', 'run', '--strict')
})

test('every way of resolving the package finds types that are right', () => {
  checkWith('attw', '--no-emoji')
})
