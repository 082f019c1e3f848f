/** `kernel.ipvs.sysctls`: the `net.ipv4.vs.*` settings, typed and checked. */
import { checkChoice, checkInteger, checkKeys } from '../check.js'
import { DirectorError, InvalidArgumentError, UnsupportedFeatureError } from '../errors.js'
import type { SysctlReport, Sysctls } from '../sysctls.js'
import {
  ipvsSysctls,
  type IpvsSysctlDefinition,
  type IpvsSysctlName,
  type IpvsSysctlValues,
} from './sysctl-definitions.js'

const PREFIX = 'net.ipv4.vs'
const NAMES = Object.keys(ipvsSysctls) as IpvsSysctlName[]
const BY_FULL_NAME = new Map(NAMES.map((name) => [fullName(name), name]))

export interface IpvsSysctlsHost {
  readonly sysctls: Sysctls
  /** Makes sure that IPVS is there; rejects with ERR_UNSUPPORTED_FEATURE where it cannot be. */
  ready(): Promise<unknown>
}

/** A setting that this kernel does not have, and why. */
export interface MissingSysctl {
  readonly name: IpvsSysctlName
  readonly reason: string
  readonly minimumKernel?: string
}

export class IpvsSysctls {
  constructor(private readonly host: IpvsSysctlsHost) {}

  /** One setting. `ERR_UNSUPPORTED_FEATURE` (with `minimumKernel`, where that is the reason) when the kernel lacks it. */
  async get<Name extends IpvsSysctlName>(name: Name): Promise<IpvsSysctlValues[Name]> {
    checkChoice(name, 'name', NAMES)
    await this.host.ready()
    return this.read(name)
  }

  /** All settings that this kernel has. */
  async all(): Promise<Partial<IpvsSysctlValues>> {
    const names = await this.present()
    const entries = await Promise.all(names.map(async (name) => [name, await this.read(name)] as const))
    return Object.fromEntries(entries)
  }

  /** The settings that this kernel lacks. */
  async missing(): Promise<MissingSysctl[]> {
    const present = await this.present()
    return NAMES.filter((name) => !present.includes(name)).map((name) => {
      const { minimumKernel } = ipvsSysctls[name]
      return { name, reason: reasonFor(name), ...(minimumKernel !== undefined && { minimumKernel }) }
    })
  }

  /**
   * Sets one or several, in the order given. All are checked first: `ERR_INVALID_ARGUMENT` names the field and its
   * range, and then nothing was written. What the kernel lacks or refuses is reported, and the others are set.
   */
  async set(values: Partial<IpvsSysctlValues>): Promise<SysctlReport<IpvsSysctlName>> {
    checkKeys(values, 'values', NAMES)
    const names = Object.keys(values) as IpvsSysctlName[]
    const texts = names.map((name) => [fullName(name), format(name, values[name])] as const)
    await this.host.ready()
    const report = await this.host.sysctls.setAll(Object.fromEntries(texts))
    return {
      applied: report.applied.map(ourName),
      failed: report.failed.map((failure) => {
        const name = ourName(failure.name)
        return { name, value: values[name], error: explain(name, failure.error) }
      }),
    }
  }

  private async read<Name extends IpvsSysctlName>(name: Name): Promise<IpvsSysctlValues[Name]> {
    try {
      const text = await this.host.sysctls.get(fullName(name))
      return parse(ipvsSysctls[name], text) as IpvsSysctlValues[Name]
    } catch (error) {
      throw DirectorError.is(error) ? explain(name, error) : error
    }
  }

  private async present(): Promise<IpvsSysctlName[]> {
    await this.host.ready()
    try {
      const names = await this.host.sysctls.list(PREFIX)
      return names.filter((name) => BY_FULL_NAME.has(name)).map(ourName)
    } catch (error) {
      // Outside the initial user namespace, kernels may hide all of them.
      if (DirectorError.is(error) && error.code === 'ENOENT') return []
      throw error
    }
  }
}

function fullName(name: IpvsSysctlName): string {
  return `${PREFIX}.${ipvsSysctls[name].kernelName}`
}

function ourName(fullName: string): IpvsSysctlName {
  return BY_FULL_NAME.get(fullName) as IpvsSysctlName
}

function parse({ type }: IpvsSysctlDefinition, text: string): IpvsSysctlValues[IpvsSysctlName] {
  switch (type) {
    case 'boolean':
      return Number(text) !== 0
    case 'integer':
    case 'power-of-two':
      return Number(text)
    case 'pair': {
      const [threshold = 0, period = 0] = text.split(/\s+/).map(Number)
      return { threshold, period }
    }
    case 'cpu-list':
      return text
  }
}

/** The text for the kernel, or an error that names what would be allowed. */
function format(name: IpvsSysctlName, value: unknown): string {
  const { type, minimum = 0, maximum = 0 } = ipvsSysctls[name]
  switch (type) {
    case 'boolean':
      if (typeof value !== 'boolean') throw new InvalidArgumentError(name, value, 'true or false')
      return value ? '1' : '0'
    case 'integer':
      return String(checkInteger(value, name, minimum, maximum))
    case 'power-of-two':
      if (!Number.isInteger(Math.log2(checkInteger(value, name, minimum, maximum)))) {
        throw new InvalidArgumentError(name, value, `a power of two from ${minimum} to ${maximum}`)
      }
      return String(value)
    case 'pair':
      return formatPair(name, value, minimum, maximum)
    case 'cpu-list':
      if (typeof value !== 'string' || !/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(value)) {
        throw new InvalidArgumentError(name, value, `a list of CPUs such as '0-3,5', or ''`)
      }
      return value
  }
}

function formatPair(name: string, value: unknown, minimum: number, maximum: number): string {
  checkKeys(value, name, ['threshold', 'period'])
  const { threshold, period } = value as Record<string, unknown>
  const least = checkInteger(threshold, `${name}.threshold`, minimum, maximum)
  const step = checkInteger(period, `${name}.period`, minimum, maximum)
  if (step !== 0 && least >= step) {
    throw new InvalidArgumentError(
      `${name}.threshold`,
      least,
      `less than the period (${step}), unless that is 0`,
    )
  }
  return `${least} ${step}`
}

function explain(name: IpvsSysctlName, error: DirectorError): DirectorError {
  if (error.code !== 'ENOENT') return error
  const { kernelName, minimumKernel } = ipvsSysctls[name]
  return new UnsupportedFeatureError(
    `${PREFIX}.${kernelName}`,
    `this kernel has no such setting`,
    reasonFor(name),
    {
      operation: 'sysctl',
      cause: error,
      ...(minimumKernel !== undefined && { minimumKernel }),
    },
  )
}

function reasonFor(name: IpvsSysctlName): string {
  const { minimumKernel, needs } = ipvsSysctls[name]
  if (minimumKernel !== undefined) return `it wants Linux ${minimumKernel} or later`
  if (needs !== undefined) return `it wants ${needs}`
  return 'outside the initial user namespace many kernels hide the settings of IPVS'
}
