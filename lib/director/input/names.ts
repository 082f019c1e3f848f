/** Names of objects that may make no sense: for reports, so that nothing is refused here. */
import { serviceKeyText } from '../state/state.js'
import type { KubernetesEndpointSlice, KubernetesMetadata } from './kubernetes.js'
import type { VirtualService } from './virtual-service.js'
import { sliceService } from './slice-spec.js'

type Named = string | { readonly metadata?: KubernetesMetadata | null | undefined } | VirtualService

/** `namespace/name`, or the name of a plain service; `''` where the object has none. */
export function nameOf(object: Named): string {
  if (typeof object === 'string') return object.includes('/') ? object : `default/${object}`
  return attempt(() => {
    if ('metadata' in object)
      return `${object.metadata?.namespace ?? 'default'}/${object.metadata?.name ?? ''}`
    return (object as VirtualService).name ?? serviceKeyText(object as VirtualService)
  })
}

/** `namespace/name` of the service that a slice belongs to, `''` where it does not tell. */
export function ownerOfSlice(slice: KubernetesEndpointSlice): string {
  return attempt(() => sliceService(slice))
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
