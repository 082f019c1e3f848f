/**
 * Takes address operations back. What a removal takes away is read before the commit, so that it comes back with its
 * scope, label and lifetimes; the seconds that passed meanwhile are given back too.
 *
 * What cannot come back by itself: IPv4 addresses that the kernel removes along with the first of their prefix (see
 * `net.ipv4.conf.*.promote_secondaries`). Addresses with the default prefix length have none.
 */
import type { BatchRun, Inverse, UndoLog } from '../run.js'
import { AddressRun } from './run.js'
import type { LinkAddress } from './types.js'

export class AddressUndoLog implements UndoLog {
  private readonly known = new Map<string, LinkAddress>()

  /** `prior` reads all addresses of the namespace. */
  constructor(private readonly prior: () => Promise<readonly LinkAddress[]>) {}

  async capture(runs: readonly BatchRun[]): Promise<void> {
    if (!runs.some(removesSomething)) return
    for (const address of await this.prior()) this.known.set(idOf(address), address)
  }

  inverse(run: BatchRun, index: number): Inverse {
    if (!(run instanceof AddressRun)) throw new TypeError('not a run of address operations')
    const address = run.address(index)
    if (run.name(index) === 'addAddress') {
      this.known.set(idOf(address), address)
      return (undo) => void undo.removeAddress(address.link, address)
    }
    const before = this.known.get(idOf(address)) ?? address
    this.known.delete(idOf(address))
    return (undo) => void undo.addAddress(before.link, before)
  }
}

function removesSomething(run: BatchRun): boolean {
  if (!(run instanceof AddressRun)) return false
  return Array.from({ length: run.size }, (_, index) => run.name(index)).includes('removeAddress')
}

function idOf({ link, address, prefixLength, peer }: LinkAddress): string {
  return `${link} ${address}/${prefixLength} ${peer ?? ''}`
}
