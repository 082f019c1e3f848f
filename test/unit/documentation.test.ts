/** What the documents promise: their programs compile against the library, and their links lead somewhere. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import ts from 'typescript'

const root = join(__dirname, '..', '..', '..')
const documents = ['README.md', 'CONTRIBUTING.md', ...inFolder('docs'), ...inFolder('docs/adr')]

function inFolder(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}

/**
 * The TypeScript programs of all documents, each as a file beside its document that exists in memory only. What begins
 * without an import goes on from the program before it.
 */
function programs(): Map<string, string> {
  const found = new Map<string, string>()
  for (const document of documents) {
    const blocks = readFileSync(join(root, document), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)
    let program = ''
    for (const [index, [, text = '']] of [...blocks].entries()) {
      program = /^import /m.test(text) ? text : `${program}\n${text}`
      // `await` at the top wants a module.
      found.set(join(root, `${document}-${index + 1}.mts`), `${program}\nexport {}\n`)
    }
  }
  return found
}

/** The project's own, but against the declarations, as a user's program is compiled. */
function compilerOptions(): ts.CompilerOptions {
  const file = ts.readJsonConfigFile(join(root, 'tsconfig.json'), (name) => ts.sys.readFile(name))
  const { options } = ts.parseJsonSourceFileConfigFileContent(file, ts.sys, root)
  delete options.tsBuildInfoFile
  return {
    ...options,
    noEmit: true,
    incremental: false,
    noUnusedLocals: false,
    paths: { 'ipvs-director': ['./dist/lib/index.d.ts'] },
  }
}

test('every TypeScript program in the documents compiles', () => {
  const files = programs()
  assert.ok(files.size > 0, 'no program found')
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const onDisk = { ...host }
  host.readFile = (file) => files.get(file) ?? onDisk.readFile(file)
  host.fileExists = (file) => files.has(file) || onDisk.fileExists(file)
  host.getSourceFile = (file, ...rest) => {
    const text = files.get(file)
    return text === undefined
      ? onDisk.getSourceFile(file, ...rest)
      : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)
  }
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([...files.keys()], options, host))
  assert.equal(ts.formatDiagnostics(diagnostics, { ...host, getCurrentDirectory: () => root }), '')
})

test('every relative link in the documents leads to a file', () => {
  const broken = documents.flatMap((document) => {
    const links = readFileSync(join(root, document), 'utf8').matchAll(
      /\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g,
    )
    return [...links]
      .map(([, link = '']) => link)
      .filter((link) => !existsSync(join(root, dirname(document), link)))
      .map((link) => `${document}: ${link}`)
  })
  assert.deepEqual(broken, [])
})

test('every document that a source points to is there', () => {
  const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const pointers = sources.flatMap((name) =>
    [...readFileSync(join(root, 'lib', name), 'utf8').matchAll(/docs\/[\w/-]+\.md/g)].map(
      ([document]) => document,
    ),
  )
  assert.ok(pointers.length > 0)
  assert.deepEqual(
    pointers.filter((document) => !existsSync(join(root, document))),
    [],
  )
})

test('every name that the kernel has for a refusal of ipset is explained', () => {
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const source = readFileSync(join(root, 'lib/ipset/kernel-errors.ts'), 'utf8')
  const names = [...source.matchAll(/name: '(IPSET_ERR_\w+)'/g)].map(([, name]) => name)
  assert.ok(names.length > 30)
  assert.deepEqual(
    names.filter((name) => !text.includes(`| \`${name}\` |`)),
    [],
  )
})
