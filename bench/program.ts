/** Runs another program as a driver: wall time and peak memory of its process. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProgramRun {
  readonly seconds: number
  readonly peakRssMiB: number
  readonly stdout: string
}

/** Feeds `input` to a program and waits for it. Throws with what it said when it fails. */
export async function runProgram(file: string, args: readonly string[], input = ''): Promise<ProgramRun> {
  const started = performance.now()
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const peak = watchPeak(child.pid)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  // A program that ends early closes its input; its exit code says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const seconds = (performance.now() - started) / 1000
  if (code !== 0)
    throw new Error(`${file} ${args.join(' ')} ended with ${code}: ${(await stderr).slice(0, 500)}`)
  return { seconds, peakRssMiB: peak.stop(), stdout: await stdout }
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

// The kernel keeps the high-water mark only while the process lives, so it is looked at now and then.
function watchPeak(pid: number | undefined) {
  let peakKiB = 0
  const look = () => {
    try {
      const [, text] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      peakKiB = Math.max(peakKiB, Number(text ?? 0))
    } catch {
      // It has ended since.
    }
  }
  look()
  const timer = setInterval(look, 20)
  return {
    stop() {
      clearInterval(timer)
      return peakKiB / 1024
    },
  }
}
