/** Connection synchronisation daemons between their API form and the native one. */
import { checkInteger, checkKeys } from '../check.js'
import { canonicalAddress } from '../address.js'
import { InvalidArgumentError } from '../errors.js'
import { native, type NativeDaemon } from '../native.js'
import type { SyncDaemon, SyncDaemonState } from './types.js'
import { checkKernelName } from './validate.js'

/** 0 and '' stand for "the kernel's default" in the native form. */
export function nativeDaemon(daemon: SyncDaemon): NativeDaemon {
  checkKeys(daemon, 'daemon', ['state', 'interface', 'syncId', 'maxLength', 'group', 'port', 'ttl'])
  const { constants } = native().ipvs
  const { state, syncId = 0, maxLength, group, port, ttl } = daemon
  if (state !== 'master' && state !== 'backup') {
    throw new InvalidArgumentError('daemon.state', state, `'master' or 'backup'`)
  }
  const optional = (value: number | undefined, field: string, most: number) =>
    value === undefined ? 0 : checkInteger(value, field, 1, most)
  return {
    state: constants[state],
    interface: checkKernelName(daemon.interface, 'daemon.interface', 15),
    syncId: checkInteger(syncId, 'daemon.syncId', 0, 255),
    maxLength: optional(maxLength, 'daemon.maxLength', 65507),
    group: group === undefined ? '' : multicastGroup(group),
    port: optional(port, 'daemon.port', 0xffff),
    ttl: optional(ttl, 'daemon.ttl', 255),
  }
}

export function daemonState(daemon: NativeDaemon): SyncDaemonState {
  const { constants } = native().ipvs
  return { ...daemon, state: daemon.state === constants.master ? 'master' : 'backup' }
}

function multicastGroup(text: string): string {
  const group = canonicalAddress(text, 'daemon.group')
  const first = parseInt(group, 10)
  const multicast = group.includes(':') ? /^ff/i.test(group) : first >= 224 && first < 240
  if (!multicast) throw new InvalidArgumentError('daemon.group', text, 'a multicast address')
  return group
}
