/** The real ipset tool, and what a run of it came to. */
import { spawnSync } from 'node:child_process'
import { loadLibipset, UnsupportedFeatureError } from '../../lib/index.js'
import { skipWithoutNamespaces } from './namespace.js'

export interface IpsetOutcome {
  exitCode: number
  stdout: string
  stderr: string
}

/** Runs ipset in a network namespace, which is given by its path. */
export function realIpset(netns: string, words: readonly string[], input = ''): IpsetOutcome {
  const { status, stdout, stderr, error } = spawnSync('nsenter', [`--net=${netns}`, 'ipset', ...words], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
  if (error !== undefined) throw error
  return { exitCode: status ?? -1, stdout, stderr }
}

/** Give it to `test()` as `skip`: why libipset cannot be compared with the tool here, or false. */
export const skipWithoutIpset = skipWithoutNamespaces || reasonAgainstIpset()

function reasonAgainstIpset(): string | false {
  const tool = spawnSync('ipset', ['version'], { encoding: 'utf8' })
  if (tool.error !== undefined) return 'needs the ipset tool'
  const version = /^ipset v(\S+),/.exec(tool.stdout)?.[1]
  try {
    const ours = loadLibipset().version
    return version === ours ? false : `needs ipset and libipset of one version, not ${version} and ${ours}`
  } catch (error) {
    if (!(error instanceof UnsupportedFeatureError)) throw error
    return 'needs the addon that links libipset'
  }
}
