/**
 * The answers to `ipset version` and `ipset help`. libipset prints them with printf and then ends the process, so they
 * are had from a short-lived process that exists for this.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { AbortError, DirectorError } from '../errors.js'

export interface PrintedManual {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export function printedManual(
  words: readonly string[],
  netns: string | undefined,
  signal: AbortSignal | undefined,
): Promise<PrintedManual> {
  return new Promise((resolve, reject) => {
    // Options for our own process, such as a debugger's port, are none of its.
    const env = { ...process.env, NODE_OPTIONS: undefined }
    const child = spawn(
      process.execPath,
      [join(__dirname, 'print-manual.js'), netns ?? '', ...words],
      // Its help is what it is asked for: an empty input, whatever ours is.
      { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal === undefined ? {} : { signal }) },
    )
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    child.once('error', (cause) => {
      const aborted = signal?.aborted === true
      reject(
        aborted
          ? new AbortError('run', signal.reason)
          : new DirectorError(`could not start a process for ipset's help: ${cause.message}`, {
              code: 'ERR_IPSET_MANUAL',
              cause,
            }),
      )
    })
    child.once('close', (code) => resolve({ exitCode: code ?? 1, ...output }))
  })
}
