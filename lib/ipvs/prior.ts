/**
 * Services and servers as the bytes of their rows, for undoing. A service's configuration is the beginning of its row
 * and stands behind the kind in an operation's; a server's likewise behind the service (native/ipvs/records.h).
 */
import { DirectorError } from '../errors.js'
import { native, translate, type IpvsCalls, type KernelHandle } from '../native.js'
import { rowReader } from './rows.js'

/** Configurations, without what the kernel counts. */
export interface PriorService {
  readonly service: Uint8Array
  /** The newest first, as the kernel lists them. */
  readonly servers: readonly Uint8Array[]
}

/** Reads the kernel for the undo log. */
export interface PriorState {
  /** `key` is an operation row of which the service's key is filled in. */
  service(key: Uint8Array): Promise<PriorService | undefined>
  all(): Promise<Iterable<PriorService>>
}

export function priorState(handle: () => KernelHandle): PriorState {
  return {
    async service(key) {
      const service = await serviceRow(handle(), key)
      return service && { service, servers: await serverRows(handle(), key) }
    },
    async all() {
      return allRows(await native().ipvs.snapshot(handle()).catch(rethrow))
    },
  }
}

/** Where the parts of rows are. */
export interface RowParts {
  /** Where a service begins in an operation's row. */
  readonly serviceAt: number
  /** The configurations in an operation's row. */
  service(row: Uint8Array): Uint8Array
  server(row: Uint8Array): Uint8Array
  /** One text for one service, and for one of its servers, for keys of maps. */
  serviceId(service: Uint8Array): string
  serverId(server: Uint8Array): string
}

export function rowParts(): RowParts {
  const { operationRow, serviceRow, serverRow } = native().ipvs
  const { serviceConfigSize, serverConfigSize } = rowReader()
  const serviceAt = operationRow.fields.family.offset
  const serverAt = operationRow.fields.serverFamily.offset
  const keySize = serviceRow.fields.scheduler.offset
  const { serverPort, serverAddress } = serverRow.fields
  return {
    serviceAt,
    service: (row: Uint8Array) => row.subarray(serviceAt, serviceAt + serviceConfigSize),
    server: (row: Uint8Array) => row.subarray(serverAt, serverAt + serverConfigSize),
    serviceId: (service: Uint8Array) => latin1(service, 0, keySize),
    serverId: (server: Uint8Array) =>
      String(server[0]) +
      latin1(server, serverPort.offset, serverPort.size) +
      latin1(server, serverAddress.offset, serverAddress.size),
  }
}

/** The operation row that asks for a service. */
export function keyRowOf(service: Uint8Array): Uint8Array {
  const row = new Uint8Array(native().ipvs.operationRow.size)
  row.set(service, rowParts().serviceAt)
  return row
}

async function serviceRow(handle: KernelHandle, key: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await native().ipvs.service(handle, key), 0, rowReader().serviceConfigSize)
  } catch (cause) {
    const error = translate(cause)
    if (error instanceof DirectorError && error.code === 'ESRCH') return undefined
    throw error
  }
}

async function serverRows(handle: KernelHandle, key: Uint8Array): Promise<Uint8Array[]> {
  const servers: Uint8Array[] = []
  const dump = native().ipvs.dump(handle, key)
  try {
    for (let state = 'more'; state === 'more';) {
      const piece = await dump.next()
      state = piece.state
      servers.push(...rowsOf(piece.rows, piece.rowBytes, rowReader().serverConfigSize))
    }
  } catch (error) {
    throw translate(error)
  } finally {
    dump.close()
  }
  return servers
}

function* rowsOf(rows: ArrayBuffer, rowBytes: number, size: number): Generator<Uint8Array, void> {
  for (let row = 0; row < rows.byteLength; row += rowBytes) yield new Uint8Array(rows, row, size)
}

type Buffers = Awaited<ReturnType<IpvsCalls['snapshot']>>

function* allRows({ services, servers }: Buffers): Generator<PriorService, void> {
  const { serviceSize, serverSize, serviceConfigSize, serverConfigSize } = rowReader()
  const view = new DataView(services)
  const next = pieces(servers, serverSize, serverConfigSize)
  for (let row = 0; row < services.byteLength; row += serviceSize) {
    const own: Uint8Array[] = []
    for (let left = rowReader().serverCount(view, row); left > 0; left--) {
      const { value } = next.next()
      if (value !== undefined) own.push(value)
    }
    yield { service: new Uint8Array(services, row, serviceConfigSize), servers: own }
  }
}

function* pieces(
  buffers: readonly ArrayBuffer[],
  rowBytes: number,
  size: number,
): Generator<Uint8Array, void> {
  for (const buffer of buffers) yield* rowsOf(buffer, rowBytes, size)
}

function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1')
}

function rethrow(error: unknown): never {
  throw translate(error)
}
