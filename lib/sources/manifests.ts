/**
 * Wishes from files: YAML or JSON with Kubernetes `Service` and `EndpointSlice` objects as `kubectl get -o yaml` prints
 * them (lists too), and plain virtual services as `kind: VirtualService` with their fields under `spec`.
 */
import { readFile } from 'node:fs/promises'
import { type Document, isMap, isNode, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import { virtualServiceName } from '../director/input/virtual-service.js'
import type { DesiredState } from '../director/plan/plan.js'
import { InvalidArgumentError } from '../errors.js'

export interface Manifests extends Required<DesiredState> {
  /** Objects of other kinds, which say nothing to a director: `file:line: kind`. */
  readonly ignored: readonly string[]
  /** Where each object is from, for messages: `file:line: kind namespace/name`. */
  readonly origins: ReadonlyMap<object, string>
}

type Lists = Omit<Manifests, 'origins'>
type Collected = { -readonly [K in keyof Lists]: Lists[K][number][] } & {
  readonly origins: Map<object, string>
}

/** Of the YAML parser. */
interface NodeLike {
  readonly range?: readonly [start: number, ...more: number[]] | null | undefined
}

interface ObjectLike {
  readonly kind?: unknown
  readonly items?: unknown
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown }
  readonly spec?: object
}

/** @throws `ERR_INVALID_ARGUMENT` naming the file, also for an object that has no name */
export async function readManifests(files: readonly string[]): Promise<Manifests> {
  const result: Collected = {
    services: [],
    endpointSlices: [],
    virtualServices: [],
    ignored: [],
    origins: new Map(),
  }
  for (const file of files) parseManifests(await readText(file), file, result)
  return result
}

/** The text of a file that a user named. @throws `ERR_INVALID_ARGUMENT` with the system's reason as `cause` */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new InvalidArgumentError('file', file, 'a file that can be read', { cause })
  }
}

function parseManifests(text: string, file: string, result: Collected): void {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter })
  // An empty file parses to an object of its own kind, and holds no wish.
  if (!Array.isArray(documents)) return
  for (const document of documents) {
    checkSyntax(document, file)
    const placeOf = ({ range }: NodeLike): string =>
      range ? `${file}:${lineCounter.linePos(range[0]).line}` : file
    for (const { value, node } of objectsIn(document.toJS() as unknown, document.contents))
      collect(value, node === undefined ? file : placeOf(node), result)
  }
}

/** The object, or those of a list, each with what it was parsed from. */
function* objectsIn(
  value: unknown,
  node: unknown,
): Generator<{ readonly value: unknown; readonly node: NodeLike | undefined }> {
  const items = (value as ObjectLike | null | undefined)?.items
  if (!Array.isArray(items)) {
    yield { value, node: isNode(node) ? node : undefined }
    return
  }
  const list = isMap(node) ? node.get('items', true) : undefined
  for (const [index, item] of items.entries())
    yield* objectsIn(item, isSeq(list) ? list.items[index] : undefined)
}

function collect(value: unknown, place: string, result: Collected): void {
  if (value === null || value === undefined) return
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new InvalidArgumentError(place, value, 'objects with a kind')
  }
  const object = value as ObjectLike
  const origin = `${place}: ${String(object.kind)} ${nameOf(object)}`
  switch (object.kind) {
    case 'Service':
      requireName(object, origin)
      result.origins.set(object, origin)
      result.services.push(value)
      break
    case 'EndpointSlice':
      requireName(object, origin)
      result.origins.set(object, origin)
      result.endpointSlices.push(value as Collected['endpointSlices'][number])
      break
    case 'VirtualService':
      addVirtual(object, origin, result)
      break
    case undefined:
      throw new InvalidArgumentError(`${place}: kind`, undefined, 'Service, EndpointSlice or VirtualService')
    default:
      result.ignored.push(`${place}: ${String(object.kind)}`)
  }
}

function addVirtual({ metadata, spec }: ObjectLike, origin: string, result: Collected): void {
  const name = metadata?.name
  const service = {
    ...(typeof name === 'string' && { name }),
    ...spec,
  } as Collected['virtualServices'][number]
  try {
    virtualServiceName(service)
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    throw new InvalidArgumentError(`${origin}: spec.${error.field}`, error.value, error.allowed)
  }
  result.virtualServices.push(service)
  result.origins.set(service, origin)
}

/** Without a name nobody could tell what an object that makes no sense was before, and that must not be taken away. */
function requireName({ metadata }: ObjectLike, origin: string): void {
  const name = metadata?.name
  if (typeof name !== 'string' || name === '')
    throw new InvalidArgumentError(`${origin}: metadata.name`, name, 'a name')
}

function nameOf({ metadata }: ObjectLike): string {
  const { name, namespace } = metadata ?? {}
  const words = [namespace, name].filter((word) => typeof word === 'string')
  return words.length > 0 ? words.join('/') : '(without a name)'
}

/** @throws `ERR_INVALID_ARGUMENT` naming the file and the place: `shop.yaml:3:1` */
export function checkSyntax({ errors: [error] }: Pick<Document, 'errors'>, file: string): void {
  if (error === undefined) return
  const [start] = error.linePos ?? []
  const place = start === undefined ? file : `${file}:${start.line}:${start.col}`
  // Of the message the first line: the others show the place.
  const [reason = ''] = error.message.split(/ at line |\n/, 1)
  throw new InvalidArgumentError(place, reason, 'YAML or JSON')
}
