/** `10.0.2` of `1:10.0.2+ds-2~bpo12+1`: without what Debian adds. */
export function upstreamVersion(version: string): string
export function upstreamVersion(version: string | undefined): string | undefined
export function upstreamVersion(version: string | undefined): string | undefined {
  return version?.replace(/^\d+:/, '').replace(/[-~+].*$/, '')
}
