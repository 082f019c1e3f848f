/** A guest as a process of the host: started under a supervisor, so that it never outlives this process. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { channels, type BootPlan } from './boot-plan.js'
import { LabError } from './errors.js'
import { carriedFile } from './package-folder.js'

/** How much of the kernel's log and of its own messages is kept for error messages, in bytes. */
const keptLog = 16_384

export class GuestProcess {
  private log = ''
  private announceInput: () => void = () => {}
  /** Resolves once the guest reads its input channel. */
  readonly readyForInput = new Promise<void>((resolve) => (this.announceInput = resolve))
  private readonly ended: Promise<void>

  private constructor(
    private readonly child: ChildProcess,
    private readonly helpers: readonly ChildProcess[],
  ) {
    for (const fd of [1, 2, channels.kernelLog]) {
      this.readable(fd).on('data', (chunk: Buffer) => {
        this.log = (this.log + chunk.toString('latin1')).slice(-keptLog)
        if (this.log.includes('lab: ready for input')) this.announceInput()
      })
    }
    this.ended = once(child, 'close').then(() => this.endHelpers())
    // Writing to a guest that has just ended is no error: its exit code tells what happened.
    for (const fd of [channels.stdout, channels.input, channels.lifeline])
      this.writable(fd).on('error', () => {})
  }

  static async start(plan: BootPlan, runFolder: string): Promise<GuestProcess> {
    const helpers: ChildProcess[] = []
    try {
      for (const helper of plan.helpers) {
        const server = supervised(helper.program, helper.args, {}, runFolder)
        helpers.push(server)
        await socketReady(helper.socket, server)
      }
      const child = supervised(plan.program, plan.args, plan.env, runFolder)
      await once(child, 'spawn').catch((cause: unknown) => {
        throw new LabError('bash cannot be started', {
          code: 'ERR_LAB_PROGRAM_MISSING',
          cause,
          remedy: 'install bash',
        })
      })
      return new GuestProcess(child, helpers)
    } catch (error) {
      for (const helper of helpers) release(helper)
      throw error
    }
  }

  /** Output of the guest. */
  readable(fd: number): Readable {
    return stream(this.child, fd) as Readable
  }

  /** Input of the guest. */
  writable(fd: number): Writable {
    return stream(this.child, fd) as Writable
  }

  /** Resolves once the guest is gone and all its output has been read. */
  wait(): Promise<void> {
    return this.ended
  }

  kill(): void {
    this.writable(channels.lifeline).write('\n')
  }

  /** The last words of the guest's kernel, and of the program that runs it. */
  get kernelLog(): string {
    return this.log.trim()
  }

  private endHelpers(): void {
    for (const helper of this.helpers) release(helper)
  }
}

function supervised(
  program: string,
  args: readonly string[],
  env: BootPlan['env'],
  runFolder: string,
): ChildProcess {
  // detached: Ctrl-C at the terminal goes to the command in the guest, or to this process, never to the guest as such.
  return spawn('/bin/bash', [carriedFile('supervise'), runFolder, program, ...args], {
    detached: true,
    cwd: '/',
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
}

function release(helper: ChildProcess): void {
  const lifeline = stream(helper, channels.lifeline) as Writable
  lifeline.on('error', () => {}).write('\n')
}

// Every stdio entry is a pipe (the type knows five of them only).
function stream(child: ChildProcess, fd: number): unknown {
  return (child.stdio as readonly unknown[])[fd]
}

async function socketReady(socket: string, helper: ChildProcess): Promise<void> {
  while (!existsSync(socket)) {
    if (helper.exitCode !== null) {
      throw new LabError(`${helper.spawnargs[3] ?? 'a helper'} ended with exit code ${helper.exitCode}`, {
        code: 'ERR_LAB_BOOT',
      })
    }
    await delay(20)
  }
}
