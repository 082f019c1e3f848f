/**
 * What one ipvsadm command line asks for. Operations change the kernel; the other commands show something.
 * Source: ipvsadm(8), COMMANDS.
 */
import type { Server, ServerKey, Service, ServiceKey, SyncDaemon, Timeouts } from '../types.js'
import type { TableFormat } from './table-format.js'

export type Operation =
  | { readonly operation: 'addService' | 'updateService'; readonly service: Service }
  | { readonly operation: 'removeService'; readonly service: ServiceKey }
  | {
      readonly operation: 'addServer' | 'updateServer'
      readonly service: ServiceKey
      readonly server: ServerWithPort
    }
  | { readonly operation: 'removeServer'; readonly service: ServiceKey; readonly server: Required<ServerKey> }
  | { readonly operation: 'flush' }
  /** Without a service: the counters of all of them. */
  | { readonly operation: 'zero'; readonly service?: ServiceKey }
  /** Timeouts that are left out stay as they are. */
  | { readonly operation: 'setTimeouts'; readonly timeouts: Partial<Timeouts> }
  | { readonly operation: 'startDaemon'; readonly daemon: SyncDaemon }
  | { readonly operation: 'stopDaemon'; readonly daemon: Pick<SyncDaemon, 'state' | 'syncId'> }

/** ipvsadm always settles the port: the service's own one where none was named. */
export type ServerWithPort = Server & Required<ServerKey>

/** What prints something out of the kernel. */
export type Listing =
  | { readonly operation: 'listTable'; readonly service?: ServiceKey; readonly format: TableFormat }
  | {
      readonly operation: 'listConnections'
      readonly numeric: boolean
      readonly persistenceEngineData: boolean
    }
  | { readonly operation: 'listTimeouts' | 'listDaemons' }
  | { readonly operation: 'save'; readonly numeric: boolean }

export type Command =
  Operation | Listing | { readonly operation: 'help' | 'version' } | { readonly operation: 'restore' }
