import type { ServiceKey } from '../types.js'
import type { Draft } from './draft.js'

export function serviceKey({ fwmark, family, protocol, address, port }: Draft): ServiceKey {
  if (fwmark !== 0) return { fwmark, family: family ?? 'inet' }
  return { protocol: protocol ?? 'tcp', address, port }
}
