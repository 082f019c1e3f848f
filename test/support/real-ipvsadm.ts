/** Debian's ipvsadm, run many times from one shell: forking Node.js itself is dear in a guest. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Invocation {
  readonly words: readonly string[]
  readonly stdin?: string
}

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export function runRealIpvsadm(invocations: readonly Invocation[]): Outcome[] {
  if (invocations.length === 0) return []
  const folder = mkdtempSync(join(tmpdir(), 'real-ipvsadm-'))
  try {
    const commands = invocations.map(({ words, stdin = '' }, index) => {
      writeFileSync(join(folder, `${index}.in`), stdin)
      return `ipvsadm ${words.map(quote).join(' ')} <${index}.in >${index}.out 2>${index}.err; echo $?\n`
    })
    const codes = execFileSync('sh', ['-s'], { input: commands.join(''), cwd: folder, encoding: 'utf8' })
    return codes
      .trim()
      .split('\n')
      .map((code, index) => outcome(folder, index, Number(code)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function outcome(folder: string, index: number, exitCode: number): Outcome {
  const read = (kind: string): string => readFileSync(join(folder, `${index}.${kind}`), 'utf8')
  return { exitCode, stdout: read('out'), stderr: read('err') }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
