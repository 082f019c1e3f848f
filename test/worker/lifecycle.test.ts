/** Whatever a process or a worker does with an open kernel, it ends as it wanted to: no crash, no hang, no leak. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import test from 'node:test'

import { skipWithoutNamespaces, withNamespace } from '../support/namespace.js'
import { stepNames } from './steps.js'

async function run(step: string, netns: string) {
  const child = spawn(execPath, ['--expose-gc', join(__dirname, 'steps.js'), step], {
    env: { ...env, STEP_NETNS: netns },
    timeout: 60_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...ended) => resolve(ended))
  })
  return { code, signal, stdout, stderr }
}

const throwing = 'an uncaught error with an open kernel'

for (const step of stepNames) {
  test(step, { skip: skipWithoutNamespaces }, async () => {
    const { code, signal, stdout, stderr } = await withNamespace(({ path }) => run(step, path))
    assert.equal(signal, null, stderr)
    assert.equal(code, step === throwing ? 1 : 0, stderr)
    assert.match(stdout, /^ok$/m)
    if (step === throwing) assert.match(stderr, /on purpose/)
    else assert.equal(stderr, '')
    if (step === 'end during work') assert.match(stdout, /^settled$/m)
  })
}
