/** One request, of whichever protocol its URL names. */
import { InvalidArgumentError } from '../../errors.js'
import { LabError } from '../errors.js'
import type { BackendAnswer, Namespace } from '../topology/index.js'

/** True if each of the servers answers once before any answers again, in the same order each time. */
export function inTurn(answers: readonly string[], servers: readonly string[]): boolean {
  const round = answers.slice(0, servers.length)
  const complete = servers.every((server) => answers.length < servers.length || round.includes(server))
  return complete && answers.every((answer, index) => answer === round[index % servers.length])
}

export async function ask(from: Namespace, url: string, timeoutSeconds: number): Promise<BackendAnswer> {
  const [, protocol, host = '', port = '80'] =
    /^(http|tcp|udp):\/\/(\[[^\]]*\]|[^:/]*):?(\d+)?/.exec(url) ?? []
  if (protocol === 'tcp' || protocol === 'udp') {
    const address = host.replace(/^\[|\]$/g, '')
    return from.exchange(protocol, address, Number(port), 'hello', { timeoutSeconds })
  }
  if (protocol === undefined) throw new InvalidArgumentError('url', url, 'http://…, tcp://… or udp://…')
  const { backend, status } = await from.request(url, { timeoutSeconds })
  if (backend !== undefined) return backend
  throw new LabError(`GET ${url}: no backend answered (status ${status})`, { code: 'ERR_LAB_REQUEST' })
}
