/** What the kernel plane finds out about its node: its own addresses, and which families iptables can serve. */
import { UnsupportedFeatureError } from '../../errors.js'
import type { Iptables } from '../../iptables/program.js'
import type { Family } from '../../ipvs/types.js'
import type { Kernel } from '../../kernel.js'
import type { LinkAddress } from '../../link/types.js'

export interface UsableIptables {
  /** Of the families that can be served. */
  readonly versions: readonly string[]
  /** Why the others cannot. */
  readonly unavailable: Partial<Record<Family, string>>
}

/**
 * A node without ip6tables, or with a kernel without IPv6, serves the family that it has.
 *
 * @throws `ERR_UNSUPPORTED_FEATURE` where no wanted family can be served
 */
export async function usableIptables(
  programs: Readonly<Record<Family, Pick<Iptables, 'version'>>>,
  families: readonly Family[],
): Promise<UsableIptables> {
  const versions: string[] = []
  const unavailable: Partial<Record<Family, string>> = {}
  let reason: Error | undefined
  const asked = families.map(async (family) => [family, await versionOf(programs[family])] as const)
  for (const [family, version] of await Promise.all(asked)) {
    if (typeof version === 'string') versions.push(version)
    else {
      unavailable[family] = version.message
      reason ??= version
    }
  }
  if (versions.length === 0 && reason !== undefined) throw reason
  return { versions, unavailable }
}

/** Or why it cannot be used. */
async function versionOf(program: Pick<Iptables, 'version'>): Promise<string | UnsupportedFeatureError> {
  try {
    return await program.version()
  } catch (error) {
    if (error instanceof UnsupportedFeatureError) return error
    throw error
  }
}

/** Of each family, the first lasting address of the link that the default route leaves by. */
export async function primaryAddresses(
  kernel: Kernel,
  addresses: readonly LinkAddress[],
  families: readonly Family[],
): Promise<Partial<Record<Family, string>>> {
  const result: Partial<Record<Family, string>> = {}
  for (const family of families) {
    const link = await kernel.links.defaultRoute(family)
    const own = addresses.find(
      (one) => one.link === link && one.family === family && one.scope === 'global' && !one.secondary,
    )
    if (own !== undefined) result[family] = own.address
  }
  return result
}

export function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, least] of wanted.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}
