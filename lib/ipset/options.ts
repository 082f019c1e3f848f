/** A set's options in both directions: checked for the type and the kernel's revision of it, and read back. */
import { AF_INET, AF_INET6, readAddress, writeAddress } from '../address.js'
import { InvalidArgumentError, UnsupportedFeatureError } from '../errors.js'
import type { NativeSetHeader, NativeSetState, NativeSetType } from '../native-sets.js'
import { native } from '../native.js'
import { parseRange } from './range.js'
import type { SetHeader, SetOptions, SetTypeInfo, SetTypeName } from './types.js'
import { checkFlag, checkInteger } from './validate.js'

const MAX_U32 = 0xffffffff
const MAX_TIMEOUT = 2147483

/** What the addon knows of a type; `ERR_SET_TYPE` for a name that is none of ipset's. */
export function typeNamed(name: unknown): NativeSetType {
  const { typeTable } = native().sets
  const type = typeTable.find((candidate) => candidate.name === name)
  if (type !== undefined) return type
  const names = typeTable.map((candidate) => `'${candidate.name}'`).join(', ')
  throw new InvalidArgumentError('type', name, `one of ${names}`, {
    code: 'ERR_SET_TYPE',
    operation: 'create',
  })
}

/** The newest revision of a type that both sides know. `kernelTypes` is what the kernel answered. */
export function revisionOf(type: NativeSetType, kernelTypes: readonly SetTypeInfo[]): number {
  const known = kernelTypes.find(({ name }) => name === type.name)
  if (known?.revision !== undefined) return known.revision
  throw new UnsupportedFeatureError(
    `set type '${type.name}'`,
    known === undefined
      ? 'this kernel does not have it (asked by IPSET_CMD_TYPE)'
      : `this kernel speaks revisions ${known.oldestRevision} to ${known.newestRevision} of it only`,
    `load it (modprobe ip_set_${type.name.replace(':', '_').replaceAll(',', '')}), or use a kernel that has it`,
    { code: 'ERR_SET_TYPE', operation: 'create' },
  )
}

type Given = Readonly<Partial<Record<keyof SetOptions, unknown>>>
type Check = (given: Given, type: NativeSetType, header: NativeSetHeader) => void

/** For each option: which types take it, and how it gets into the request. */
const checks: Readonly<Record<keyof SetOptions, { takes: (type: NativeSetType) => boolean; check: Check }>> =
  {
    family: { takes: (type) => type.family, check: () => undefined },
    hashsize: { takes: isHash, check: number('hashsize', 1, MAX_U32) },
    maxelem: { takes: isHash, check: number('maxelem', 1, MAX_U32) },
    bucketsize: { takes: isHash, check: checkBucketsize },
    initval: { takes: isHash, check: number('initval', 0, MAX_U32) },
    netmask: { takes: (type) => type.netmask, check: checkNetmask },
    bitmask: { takes: (type) => type.bitmask, check: checkBitmask },
    markmask: { takes: (type) => type.markmask, check: number('markmask', 1, MAX_U32) },
    range: { takes: (type) => type.addressRange || type.portRange, check: parseRange },
    size: { takes: (type) => type.size, check: number('size', 1, MAX_U32) },
    timeout: { takes: () => true, check: number('timeout', 0, MAX_TIMEOUT) },
    counters: { takes: () => true, check: flag('counters') },
    comment: { takes: () => true, check: flag('comment') },
    forceadd: { takes: isHash, check: flag('forceadd') },
    skbinfo: { takes: () => true, check: flag('skbinfo') },
  }

// What a header carries besides its options: it may be given to `create` as it was read.
const headerOnly = new Set(['name', 'type', 'revision', 'entries', 'references', 'memoryBytes'])

/** Checks the options of a new set, and brings them into the form of the request. */
export function headerFor(
  name: string,
  type: NativeSetType,
  revision: number,
  options: SetOptions,
): NativeSetHeader {
  const header: NativeSetHeader = {
    name,
    type: type.name,
    family: familyFor(type, options.family),
    revision,
    counters: false,
    comment: false,
    forceadd: false,
    skbinfo: false,
  }
  for (const [option, value] of Object.entries(options)) {
    if (headerOnly.has(option) || value === undefined) continue
    const known = Object.hasOwn(checks, option) ? checks[option as keyof SetOptions] : undefined
    if (known === undefined || (!known.takes(type) && value !== false)) {
      const taken = Object.entries(checks).filter(([, { takes }]) => takes(type))
      const names = taken.map(([key]) => key).join(', ')
      throw new InvalidArgumentError(option, value, `nothing: ${type.name} takes ${names}`)
    }
    known.check(options, type, header)
  }
  checkTogether(type, revision, options)
  return header
}

function checkTogether(type: NativeSetType, revision: number, options: SetOptions): void {
  if ((type.addressRange || type.portRange) && options.range === undefined) {
    throw new InvalidArgumentError('range', undefined, `a range: ${type.name} needs one`)
  }
  if (options.netmask !== undefined && options.bitmask !== undefined) {
    throw new InvalidArgumentError('bitmask', options.bitmask, 'no bitmask where there is a netmask')
  }
  const newer = (
    option: 'bucketsize' | 'initval' | 'bitmask' | 'netmask',
    needed: number,
    kernel: string,
  ) => {
    if (options[option] === undefined || revision >= needed) return
    throw new UnsupportedFeatureError(
      `option '${option}' of ${type.name}`,
      `it needs revision ${needed}, this kernel has ${revision}`,
      `leave it out, or use Linux ${kernel}`,
      { minimumKernel: kernel, operation: 'create' },
    )
  }
  newer('bucketsize', type.bucketsizeRevision, '5.11')
  newer('initval', type.bucketsizeRevision, '5.11')
  newer('bitmask', type.bitmaskRevision, '6.3')
  if (type.name === 'hash:ip,port' || type.name === 'hash:net,net')
    newer('netmask', type.bitmaskRevision, '6.3')
}

function isHash(type: NativeSetType): boolean {
  return type.hash
}

function familyFor(type: NativeSetType, family: SetOptions['family']): number {
  if (family !== undefined && family !== 'inet' && family !== 'inet6') {
    throw new InvalidArgumentError('family', family, `'inet' or 'inet6'`)
  }
  if (type.family) return family === 'inet6' ? AF_INET6 : AF_INET
  // The kernel wants to hear a family for sets of IPv4 addresses, and none for those without addresses.
  return type.addressRange ? AF_INET : 0
}

type NumberOption = 'hashsize' | 'maxelem' | 'initval' | 'markmask' | 'size' | 'timeout'

function number(option: NumberOption, minimum: number, maximum: number): Check {
  return (given, _type, header) => {
    header[option] = checkInteger(given[option], option, minimum, maximum)
  }
}

function flag(option: 'counters' | 'comment' | 'forceadd' | 'skbinfo'): Check {
  return (given, _type, header) => {
    header[option] = checkFlag(given[option], option)
  }
}

function checkBucketsize(given: Given, _type: NativeSetType, header: NativeSetHeader): void {
  const size = checkInteger(given.bucketsize, 'bucketsize', 2, 12)
  if (size % 2 !== 0) throw new InvalidArgumentError('bucketsize', size, 'an even integer from 2 to 12')
  header.bucketsize = size
}

function checkNetmask(given: Given, _type: NativeSetType, header: NativeSetHeader): void {
  header.netmask = checkInteger(given.netmask, 'netmask', 1, header.family === AF_INET6 ? 128 : 32)
}

function checkBitmask(given: Given, _type: NativeSetType, header: NativeSetHeader): void {
  const bytes = new Uint8Array(16)
  const family = typeof given.bitmask === 'string' ? writeAddress(given.bitmask, bytes, 0) : 0
  const mask = bytes.subarray(0, family === AF_INET6 ? 16 : 4)
  if (family !== header.family || mask.every((byte) => byte === 0)) {
    const wanted = header.family === AF_INET6 ? 'IPv6' : 'IPv4'
    throw new InvalidArgumentError('bitmask', given.bitmask, `an ${wanted} address that is not all zeros`)
  }
  header.bitmask = mask
}

/** A header as the kernel gave it, in the words of the API. Options that the set does not have are left out. */
export function headerState(state: NativeSetState): SetHeader {
  const { name, type, revision, counters, comment, forceadd, skbinfo, references, memoryBytes } = state
  const text = (bytes: Uint8Array) => readAddress(bytes.length === 16 ? AF_INET6 : AF_INET, bytes, 0)
  const options: { -readonly [Option in keyof SetOptions]: SetOptions[Option] } = {}
  if (typeNamed(type).family) options.family = state.family === AF_INET6 ? 'inet6' : 'inet'
  const numbers = [
    'hashsize',
    'maxelem',
    'bucketsize',
    'initval',
    'netmask',
    'markmask',
    'size',
    'timeout',
  ] as const
  for (const option of numbers) {
    const value = state[option]
    if (value !== undefined) options[option] = value
  }
  if (state.bitmask !== undefined) options.bitmask = text(state.bitmask)
  const { firstAddress, lastAddress, firstPort, lastPort } = state
  if (firstAddress && lastAddress) options.range = `${text(firstAddress)}-${text(lastAddress)}`
  if (firstPort !== undefined && lastPort !== undefined) options.range = `${firstPort}-${lastPort}`
  return {
    name,
    type: type as SetTypeName,
    ...options,
    revision,
    counters,
    comment,
    forceadd,
    skbinfo,
    entries: state.elements,
    references,
    memoryBytes,
  }
}
