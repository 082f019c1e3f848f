/** `kernel.sysctls`: the `net.*` settings of one network namespace. */
import { DirectorError, InvalidArgumentError, NetlinkError } from './errors.js'
import { translate, type KernelHandle } from './native.js'
import { readText, writeText } from './proc-file.js'

export interface SysctlsHost {
  /** The open handle; throws ERR_CLOSED after close(). */
  handle(): KernelHandle
}

/** What became of each of several settings, in the order in which they were given. */
export interface SysctlReport<Name extends string = string> {
  readonly applied: readonly Name[]
  readonly failed: readonly {
    readonly name: Name
    readonly value: unknown
    readonly error: DirectorError
  }[]
}

const ROOT = '/proc/sys'

/**
 * Reads and writes sysctls by name: `'net.ipv4.ip_forward'`. As for sysctl(8), a slash stands for a dot within a part
 * of the name: `'net.ipv4.conf.eth0/100.forwarding'` is about the link `eth0.100`. Only `net.*`: all others belong to
 * the machine, not to a namespace.
 *
 * Errors: `ERR_INVALID_ARGUMENT` for a name that cannot be one; `ENOENT`, `EROFS`, `EACCES`, `EPERM` and `EINVAL` from
 * the kernel, each with what it means and what to do.
 */
export class Sysctls {
  constructor(private readonly host: SysctlsHost) {}

  /** The value as the kernel prints it, without the line's end; several numbers are separated by tabs. `sysctl -n`. */
  async get(name: string): Promise<string> {
    const path = pathOf(name)
    try {
      return (await readText(this.host.handle(), path)).replace(/\n$/, '')
    } catch (error) {
      throw explain('get', name, error)
    }
  }

  /** `sysctl -w`. */
  async set(name: string, value: string | number): Promise<void> {
    const path = pathOf(name)
    checkValue(name, value)
    try {
      await writeText(this.host.handle(), path, `${value}\n`)
    } catch (error) {
      throw explain(`set to ${value}`, name, error)
    }
  }

  /**
   * Sets several, in the order given. Nothing is written when a name or value is malformed; what the kernel refuses is
   * reported and does not keep the others from being set.
   */
  async setAll(values: Readonly<Record<string, string | number>>): Promise<SysctlReport> {
    const entries = Object.entries(values)
    for (const [name, value] of entries) {
      pathOf(name)
      checkValue(name, value)
    }
    const applied: string[] = []
    const failed: SysctlReport['failed'][number][] = []
    for (const [name, value] of entries) {
      try {
        await this.set(name, value)
        applied.push(name)
      } catch (error) {
        if (!DirectorError.is(error) || error.code === 'ERR_CLOSED') throw error
        failed.push({ name, value, error })
      }
    }
    return { applied, failed }
  }

  /** All names that begin with a part of one (`'net.ipv4.vs'`), sorted. `ENOENT` when the namespace has none. */
  async list(prefix = 'net'): Promise<string[]> {
    const folder = pathOf(prefix)
    try {
      const files = await this.host.handle().listFiles(folder)
      return files.map((file) => `${prefix}.${nameOf(file)}`)
    } catch (error) {
      const failure = translate(error)
      // A whole name has nothing below it but itself.
      if (codeOf(failure) === 'ENOTDIR') return [prefix]
      throw explain('list', prefix, failure)
    }
  }
}

// `.` and `/` change places, as in sysctl(8).
function pathOf(name: unknown): string {
  const parts = typeof name === 'string' ? name.split('.').map((part) => part.replaceAll('/', '.')) : []
  const wellFormed = parts.every((part) => /^[^\s\0]+$/.test(part) && part !== '.' && part !== '..')
  if (parts[0] !== 'net' || !wellFormed) {
    throw new InvalidArgumentError(
      'name',
      name,
      `the name of a sysctl below net, such as 'net.ipv4.ip_forward'`,
    )
  }
  return `${ROOT}/${parts.join('/')}`
}

function nameOf(file: string): string {
  return file
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.')
}

function checkValue(name: string, value: unknown): void {
  const valid =
    typeof value === 'number'
      ? Number.isSafeInteger(value)
      : typeof value === 'string' && !/[\n\0]/.test(value)
  if (!valid) throw new InvalidArgumentError(name, value, 'an integer, or text of one line')
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT:
    'this namespace has no such setting: the kernel lacks it, or the module or link that it belongs to is not there',
  EROFS:
    '/proc/sys is mounted read-only, as container runtimes do; set it outside, or run the container privileged',
  EACCES:
    'the setting may not be written here: it wants root in the user namespace that owns the network namespace, and some are read-only outside the initial one',
  EPERM: 'it wants CAP_NET_ADMIN in the namespace',
  EINVAL: 'the kernel refuses the value',
  EISDIR: 'it is a group of settings, not one',
}

function explain(operation: string, name: string, error: unknown): unknown {
  const failure = translate(error)
  const code = codeOf(failure)
  const reason = code === undefined ? undefined : REASONS[code]
  if (reason === undefined || !(failure instanceof NetlinkError)) return failure
  return new NetlinkError(`sysctl ${name}: ${operation}: ${reason} (${code})`, {
    code: failure.code,
    errno: failure.errno,
    operation: 'sysctl',
    cause: failure,
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof NetlinkError ? error.code : undefined
}
