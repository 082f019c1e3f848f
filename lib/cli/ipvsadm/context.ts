import type { Kernel } from '../../kernel.js'
import type { SystemNames } from './system-names.js'

/** Where a run reads and writes. */
export interface IpvsadmContext {
  readonly kernel: Kernel
  /** Read by -R only, to its end. */
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly stdout: TextSink
  readonly stderr: TextSink
  /** The name under which messages tell to ask for help. @default 'ipvsadm' */
  readonly program?: string
}

export interface TextSink {
  write(text: string): unknown
}

/** A context under way. */
export interface Session extends IpvsadmContext {
  readonly program: string
  readonly names: SystemNames
}

/** What ipvsadm returns: the -1 and the 2 of its source, as a shell sees them. */
export const exitCodes = { done: 0, cannotShow: 1, refused: 2, failed: 255 } as const
