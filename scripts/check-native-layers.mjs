#!/usr/bin/env node
/**
 * The C++ side of the layering rule: binding → subsystem → netlink → util, Node-API headers in binding/
 * folders alone, socket system calls in native/netlink/ alone.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A folder may include those of a lower rank, and itself; folders of one rank do not know each other. */
const rank = {
  util: 0,
  netlink: 1,
  bpf: 1,
  ipvs: 2,
  ipset: 2,
  conntrack: 2,
  route: 2,
  program: 2,
  libipset: 2,
  binding: 3,
}

const nodeApiHeader = /^\s*#\s*include\s*[<"](napi|node_api|js_native_api|uv)\.h[>"]/
const ownInclude = /^\s*#\s*include\s*"([a-z_]+)\//
const socketCall =
  /(?<![\w.>])(?:::)?(?:socket|bind|connect|sendto|sendmsg|sendmmsg|recv|recvfrom|recvmsg|recvmmsg|setsockopt|getsockopt|mnl_socket_\w+)\s*\(/

const listFiles = ['ls-files', '--cached', '--others', '--exclude-standard', 'native']
const problems = execFileSync('git', listFiles, { encoding: 'utf8' })
  .split('\n')
  .filter((name) => /\.(cc|h|c)$/.test(name))
  .flatMap(problemsOf)

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)

/** native/libipset/ is an addon of its own and has a binding/ of its own. */
function layerOf(file) {
  const [, folder, inner] = file.split('/')
  return folder === 'libipset' && inner === 'binding' ? 'binding' : folder
}

function problemsOf(file) {
  const folder = layerOf(file)
  if (!(folder in rank))
    return [`${file}: native/${folder}/ has no place in the layering; see scripts/check-native-layers.mjs`]
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const problem = problemOf(folder, line)
      return problem === undefined ? [] : [`${file}:${index + 1}: ${problem}`]
    })
}

function problemOf(folder, line) {
  if (/^\s*(\/\/|\*|\/\*)/.test(line)) return undefined
  const included = ownInclude.exec(line)?.[1]
  if (included !== undefined && included !== folder && !(rank[included] < rank[folder])) {
    return `${folder}/ includes ${included}/; binding → subsystem → netlink → util`
  }
  if (nodeApiHeader.test(line) && folder !== 'binding') return 'Node-API headers belong to a binding/ folder'
  if (socketCall.test(line) && folder !== 'netlink') return 'socket system calls belong to native/netlink/'
  return undefined
}
