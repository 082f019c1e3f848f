/** The ipset command line in this process: what `ipvs-director ipset …` is made of. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { IpsetInput } from './input-pump.js'
import { libipsetAddon } from './libipset-addon.js'
import { systemError } from './libipset-error.js'
import { runLibipset, type Sink } from './libipset-run.js'
import { checkWords } from './libipset.js'
import { printedManual } from './manual.js'

export interface IpsetStreams {
  /** Read when the command asks for it (`restore` without `-file`, `-`). @default empty */
  readonly stdin?: IpsetInput | undefined
  /** @default dropped */
  readonly stdout?: Writable | Sink | undefined
  /** @default dropped */
  readonly stderr?: Writable | Sink | undefined
  /** Path of a network namespace. @default the caller's own */
  readonly netns?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Carries an ipset command line out as the ipset tool of the same version does: the same text, the same effect, names
 * looked up as it does (off the event loop). Resolves with the tool's exit code. docs/ipset-cli.md lists where it departs.
 *
 * Errors: `ABORT_ERR`; `ERR_IPSET_INPUT` and `ERR_IPSET_OUTPUT` for a stream that failed; `ERR_UNSUPPORTED_FEATURE`
 * without libipset; `ENOENT`, `EINVAL` or `EPERM` for `netns`.
 */
export async function runIpset(words: readonly string[], streams: IpsetStreams = {}): Promise<number> {
  checkWords(words)
  const output = sinkOf(streams.stdout)
  const diagnostics = sinkOf(streams.stderr)
  if (libipsetAddon().isManual(words)) {
    const manual = await printedManual(words, streams.netns, streams.signal)
    await output(Buffer.from(manual.stdout))
    await diagnostics(Buffer.from(manual.stderr))
    return manual.exitCode
  }
  const request = {
    mode: 'command' as const,
    words,
    networkNamespace: streams.netns ?? '',
    ignoresPresence: false,
    screen: undefined,
  }
  const result = await runLibipset(
    'ipset',
    request,
    { input: streams.stdin ?? '', output, diagnostics },
    streams.signal,
  )
  if (result.failure?.kind === 'system') throw systemError('ipset', result.failure)
  return result.exitCode
}

function sinkOf(target: Writable | Sink | undefined): Sink {
  if (target === undefined) return () => {}
  if (typeof target === 'function') return target
  return async (chunk) => {
    if (!target.write(chunk)) await once(target, 'drain')
  }
}
