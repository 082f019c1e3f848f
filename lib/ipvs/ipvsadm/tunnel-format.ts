import type { ServerState, TunnelChecksum } from '../types.js'

const short: Readonly<Record<TunnelChecksum, string>> = {
  none: '-c',
  checksum: '+c',
  'remote-checksum': 'r+c',
}
const switches: Readonly<Record<TunnelChecksum, string>> = {
  none: '--tun-nocsum',
  checksum: '--tun-csum',
  'remote-checksum': '--tun-remcsum',
}

/** The TunnelInfo column; at most 15 characters, ipvsadm's buffer. */
export function tunnelText({ forwarding, tunnel = {} }: ServerState): string {
  if (forwarding !== 'tunnel') return 'n/a'
  const { type = 'ipip', port = 0, checksum = 'none' } = tunnel
  if (type === 'ipip') return type
  return (type === 'gue' ? `gue:${port}:${short[checksum]}` : `gre:${short[checksum]}`).slice(0, 15)
}

/** The switches of a saved server. */
export function tunnelSwitches({ forwarding, tunnel = {} }: ServerState): string {
  if (forwarding !== 'tunnel') return ''
  const { type = 'ipip', port = 0, checksum = 'none' } = tunnel
  if (type === 'ipip') return ' --tun-type ipip'
  return ` --tun-type ${type}${type === 'gue' ? ` --tun-port ${port}` : ''} ${switches[checksum]}`
}
