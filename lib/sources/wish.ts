/** Tells a director what files hold. An object that makes no sense is refused by itself: the others are wished all the same. */
import type { KubernetesEndpointSlice, KubernetesService, VirtualService } from '../director/index.js'
import { InvalidArgumentError } from '../errors.js'
import type { Manifests } from './manifests.js'

/** A director, or a planner. */
interface Wishes {
  upsertService(service: KubernetesService): unknown
  upsertEndpointSlice(slice: KubernetesEndpointSlice): unknown
  upsertVirtualService(service: VirtualService): unknown
}

/** Returns why objects were refused, each with its file and its name: `shop.yaml: Service shop/web: spec.ports[0]…`. */
export function wishAll(director: Wishes, manifests: Manifests): string[] {
  const refused: string[] = []
  const tell = <T extends object>(objects: readonly T[], upsert: (object: T) => unknown): void => {
    for (const object of objects) {
      try {
        upsert(object)
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        refused.push(`${manifests.origins.get(object) ?? 'object'}: ${error.message}`)
      }
    }
  }
  tell(manifests.endpointSlices, (slice) => director.upsertEndpointSlice(slice))
  tell(manifests.services, (service) => director.upsertService(service))
  tell(manifests.virtualServices, (service) => director.upsertVirtualService(service))
  return refused
}
