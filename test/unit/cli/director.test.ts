/** `ipvs-director director …`: what it refuses before it asks the kernel for anything. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test, { after, before } from 'node:test'
import { exitCodes } from '../../../lib/cli/exit-codes.js'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'director-cli-'))
})
after(() => rmSync(folder, { recursive: true }))

function refusal(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve('dist/lib/cli/main.js'), 'director', ...args],
    { encoding: 'utf8' },
  )
  assert.deepEqual([status, stdout], [exitCodes.usage, ''], `${args.join(' ')}\n${stderr}`)
  return stderr
}

function fileWith(text: string): string {
  const file = join(folder, 'objects.yaml')
  writeFileSync(file, text)
  return file
}

for (const command of ['plan', 'apply', 'run']) {
  test(`${command} without a file says which option is missing`, () => {
    assert.match(refusal(command), /--file/)
  })

  test(`${command} of a file that is no YAML names the file and the line`, () => {
    const file = fileWith('kind: Service\nspec: { ports: [\nmetadata: x\n')
    const told = refusal(command, '-f', file)
    assert.match(told, /^ipvs-director: .*\/objects\.yaml:3:1: expected YAML or JSON, got .*\n$/)
  })

  test(`${command} of a file that is not there names it`, () => {
    assert.match(refusal(command, '-f', '/no/such/file.yaml'), /\/no\/such\/file\.yaml/)
  })
}

test('settings that make no sense are named, from the file and from the command line', () => {
  const file = fileWith('')
  const config = join(folder, 'config.yaml')
  for (const [text, named] of [
    ['sheduler: rr', /sheduler/],
    ['weight: heavy', /weight: expected/],
    ['- rr', /expected/],
    ['{', /config\.yaml:1:2: expected YAML or JSON/],
  ] as const) {
    writeFileSync(config, text)
    assert.match(refusal('plan', '-f', file, '--config', config), named)
  }
  assert.match(refusal('plan', '-f', file, '--config', '/no/such/config'), /\/no\/such\/config/)
  assert.match(refusal('plan', '-f', file, '--family', 'inet7'), /families\[0\]: expected .*inet7/)
  assert.match(refusal('plan', '-f', file, '--prefix', 'A-VERY-LONG-'), /prefix: expected/)
  assert.match(refusal('run', '-f', file, '--metrics-port', '70000'), /--metrics-port: expected/)
  assert.match(refusal('cleanup', '-f', file), /unknown option/)
})
