/** Programs that lay out networks and rules. What IPVS, IP sets and conntrack hold goes through the API, never through a program. */
import { InvalidArgumentError } from '../../errors.js'
import { runProgram } from '../program.js'
import type { Namespace } from '../topology/index.js'

const allowed = ['ip', 'bridge', 'iptables', 'ip6tables', 'iptables-save', 'sysctl', 'modprobe']

/** What the program printed. @throws LabError `ERR_LAB_TOPOLOGY` with the program's own words */
export async function runCommand(namespace: Namespace, line: string): Promise<string> {
  const [program = '', ...args] = line.split(' ')
  if (!allowed.includes(program)) throw new InvalidArgumentError('line', line, `one of ${allowed.join(', ')}`)
  return runProgram('nsenter', [`--net=${namespace.path}`, '--', program, ...args], {
    code: 'ERR_LAB_TOPOLOGY',
  })
}
