/** What it takes to start a guest: the outcome of choosing a backend, the input of the guest's process. */

/** File descriptors of the guest's process. The numbers stand on the kernel's or QEMU's command line. */
export const channels = {
  /** What the command writes; where it has a terminal, also what is typed (the channels are sockets). */
  stdout: 3,
  stderr: 4,
  /** The guest kernel's log. */
  kernelLog: 5,
  /** Input of the command as frames, or the window size of its terminal. */
  input: 6,
  /** See `guest/supervise`. */
  lifeline: 7,
} as const

export interface BootPlan {
  readonly program: string
  readonly args: readonly string[]
  /** Environment of the program itself; the command's is in the run folder. */
  readonly env: Readonly<Record<string, string>>
  /** Servers that the guest needs, started before it. Each is awaited until its socket exists. */
  readonly helpers: readonly {
    readonly program: string
    readonly args: readonly string[]
    readonly socket: string
  }[]
  /** What to say if it does not boot. */
  readonly hints: string
}
