/** Boots a guest, runs one command in it and reports. */
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { AbortError, UnsupportedFeatureError } from '../errors.js'
import { channels, type BootPlan } from './boot-plan.js'
import { LabError, type LabErrorDetails } from './errors.js'
import { GuestProcess } from './guest-process.js'
import { labRequest, type LabOptions, type LabRequest } from './options.js'
import { qemuPlan } from './qemu/plan.js'
import { RunFolder, type GuestTraces } from './run-folder.js'
import { feedInput, OutputSink } from './streams.js'
import { umlPlan } from './uml.js'

export interface LabResult<Output = string> {
  /** What the command returned; 128 + n where signal n ended it, as a shell would say. */
  readonly exitCode: number
  /** Name of the signal that `exitCode` stands for, where it stands for one. */
  readonly signal?: NodeJS.Signals
  /** What the command wrote, where `stdout` was `'pipe'`; otherwise empty. */
  readonly stdout: Output
  readonly stderr: Output
  /** Milliseconds from the start of the guest to the start of the command. */
  readonly bootMs: number
  /** Milliseconds from the start of the guest to its end. */
  readonly elapsedMs: number
  /** The guest's kernel, as `uname -r` says it. */
  readonly kernelRelease: string
}

/** True inside a guest. */
export function insideLab(): boolean {
  return existsSync('/run/ipvs-director-lab/booted')
}

/**
 * Boots a kernel and runs `command` in it, with the host's files beneath a throw-away layer. Resolves whatever the
 * command returns; rejects if the guest could not do its part.
 *
 * @throws LabError `ERR_LAB_KERNEL_MISSING`, `ERR_LAB_PROGRAM_MISSING`, `ERR_LAB_BOOT`, `ERR_LAB_DIED`,
 *   `ERR_LAB_TIMEOUT`, `ERR_LAB_NESTED`
 * @throws InvalidArgumentError an option is not as described
 * @throws AbortError `options.signal` was aborted
 */
export async function runInLab(
  command: readonly string[],
  options: LabOptions & { encoding: 'buffer' },
): Promise<LabResult<Buffer>>
export async function runInLab(command: readonly string[], options?: LabOptions): Promise<LabResult>
export async function runInLab(
  command: readonly string[],
  options: LabOptions = {},
): Promise<LabResult | LabResult<Buffer>> {
  const request = labRequest(command, options)
  refuseWhereImpossible()
  if (request.signal?.aborted === true) throw new AbortError('Lab.run', request.signal.reason)
  const folder = await RunFolder.create(request)
  try {
    const result = await runGuest(request, await planFor(request, folder), folder)
    if (options.encoding === 'buffer') return result
    return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') }
  } finally {
    await folder.remove()
  }
}

function refuseWhereImpossible(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UnsupportedFeatureError(
      'lab',
      `it needs Linux on x86-64, this is ${process.platform} on ${process.arch}`,
      'use another machine',
    )
  }
  if (insideLab()) {
    throw new LabError('this is a guest of the lab already, and guests cannot be nested', {
      code: 'ERR_LAB_NESTED',
      remedy: 'run the command directly',
    })
  }
}

async function planFor(request: LabRequest, folder: RunFolder): Promise<BootPlan> {
  return request.backend === 'qemu' ? qemuPlan(request, folder) : umlPlan(request, folder)
}

async function runGuest(request: LabRequest, plan: BootPlan, folder: RunFolder): Promise<LabResult<Buffer>> {
  const startedAt = Date.now()
  const guest = await GuestProcess.start(plan, folder.path)
  const stdout = new OutputSink(guest.readable(channels.stdout), request.stdout, process.stdout)
  const stderr = new OutputSink(guest.readable(channels.stderr), request.stderr, process.stderr)
  const stopFeeding = feedInput(guest, request)
  const limits = watchLimits(request, guest)
  try {
    await guest.wait()
  } finally {
    stopFeeding()
    limits.stop()
  }
  const traces = await folder.traces()
  if (traces.exitCode === undefined || limits.exceeded !== undefined) {
    throw failure(limits.exceeded, request, plan, traces, {
      kernelLog: guest.kernelLog,
      stdout: stdout.collected().toString(),
      stderr: stderr.collected().toString(),
    })
  }
  return {
    ...exitStatus(traces.exitCode),
    stdout: stdout.collected(),
    stderr: stderr.collected(),
    bootMs: Math.round((traces.bootedAt ?? startedAt) - startedAt),
    elapsedMs: Date.now() - startedAt,
    kernelRelease: traces.kernelRelease ?? '',
  }
}

type Limit = 'timeout' | 'abort'

/** Kills the guest at the time limit or when the caller gives up; says which it was. */
function watchLimits(
  request: LabRequest,
  guest: GuestProcess,
): { readonly exceeded: Limit | undefined; stop(): void } {
  let exceeded: Limit | undefined
  const end = (limit: Limit): void => {
    exceeded ??= limit
    guest.kill()
  }
  const onAbort = (): void => end('abort')
  const timer =
    request.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => end('timeout'), request.timeoutSeconds * 1000)
  request.signal?.addEventListener('abort', onAbort)
  if (request.signal?.aborted === true) onAbort()
  return {
    get exceeded() {
      return exceeded
    },
    stop() {
      clearTimeout(timer)
      request.signal?.removeEventListener('abort', onAbort)
    },
  }
}

function failure(
  limit: Limit | undefined,
  request: LabRequest,
  plan: BootPlan,
  traces: GuestTraces,
  seen: Pick<LabErrorDetails, 'kernelLog' | 'stdout' | 'stderr'>,
): Error {
  if (limit === 'abort') return new AbortError('Lab.run', request.signal?.reason)
  if (limit === 'timeout') {
    const when =
      traces.bootedAt === undefined ? 'the guest had not booted' : `${request.command[0]} was still running`
    return new LabError(`${when} after ${request.timeoutSeconds} s`, { code: 'ERR_LAB_TIMEOUT', ...seen })
  }
  const lastWords = seen.kernelLog?.split('\n').slice(-3).join(' | ') || 'nothing'
  if (traces.bootedAt === undefined) {
    return new LabError(`the guest did not boot (its last words: ${lastWords})`, {
      code: 'ERR_LAB_BOOT',
      remedy: plan.hints,
      ...seen,
    })
  }
  return new LabError(`the guest died while ${request.command[0]} ran (its last words: ${lastWords})`, {
    code: 'ERR_LAB_DIED',
    remedy: 'if it ran out of memory, give it more (--memory)',
    ...seen,
  })
}

function exitStatus(exitCode: number): { exitCode: number; signal?: NodeJS.Signals } {
  const names = Object.keys(constants.signals) as NodeJS.Signals[]
  const signal = names.find((name) => constants.signals[name] === exitCode - 128)
  return signal === undefined ? { exitCode } : { exitCode, signal }
}
