/** By which link packets leave for the world at large: as /proc/net/route and /proc/net/ipv6_route have it. */
import { type FileOpener, readLines } from '../proc-file.js'
import { DirectorError } from '../errors.js'

/** Name of the link of the default route with the smallest metric; `undefined` where there is none. */
export async function defaultRouteLink(
  opener: FileOpener,
  family: 'inet' | 'inet6',
): Promise<string | undefined> {
  const [path, read] =
    family === 'inet'
      ? (['/proc/net/route', readInetRoute] as const)
      : (['/proc/net/ipv6_route', readInet6Route] as const)
  let best: DefaultRoute | undefined
  try {
    for await (const lines of readLines(opener, path)) {
      for (const line of lines) {
        const route = read(line.trim().split(/\s+/))
        if (route !== undefined && (best === undefined || route.metric < best.metric)) best = route
      }
    }
  } catch (error) {
    // A kernel without the family has no such file.
    if (!DirectorError.is(error) || error.code !== 'ENOENT') throw error
  }
  return best?.link
}

interface DefaultRoute {
  readonly link: string
  readonly metric: number
}

/** Iface Destination Gateway Flags RefCnt Use Metric Mask …, addresses and flags in hexadecimal digits. */
export function readInetRoute(words: readonly string[]): DefaultRoute | undefined {
  const [link = '', destination, , flags, , , metric = '', mask] = words
  const isDefault = destination === '00000000' && mask === '00000000' && isUsable(flags)
  return isDefault ? { link, metric: Number(metric) } : undefined
}

/** Destination, its length, source, its length, next hop, metric, references, uses, flags, link. */
export function readInet6Route(words: readonly string[]): DefaultRoute | undefined {
  const [destination = '', length, , , , metric = '', , , flags, link = ''] = words
  const isDefault = /^0+$/.test(destination) && length === '00' && isUsable(flags)
  return isDefault ? { link, metric: Number.parseInt(metric, 16) } : undefined
}

/** RTF_UP, and not RTF_REJECT: a route that refuses is on the loopback link. */
function isUsable(flags = ''): boolean {
  const bits = Number.parseInt(flags, 16)
  return (bits & 0x1) !== 0 && (bits & 0x200) === 0
}
