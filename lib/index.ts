export { Batch, type EntryOptions } from './batch.js'
export type { Capabilities, Capability } from './capabilities.js'
export {
  CommitAbortError,
  type CommitOptions,
  type CommitReport,
  type FailedOperation,
  type OperationOutcome,
} from './commit.js'
export { ExpectationChunk, FlowChunk, LostChunk, RowChunk, type EventChunk } from './conntrack/chunk.js'
export {
  Conntrack,
  type FlowDeletion,
  type FlowDeletionCapabilities,
  type SettingReport,
} from './conntrack/client.js'
export type * from './conntrack/connection.js'
export type * from './conntrack/filter-types.js'
export type { ListenOptions } from './conntrack/listen-options.js'
export { Listener, type FilterKind, type ListenerStatus } from './conntrack/listener.js'
export type * from './conntrack/types.js'
export type { FlowWriteReport } from './conntrack/write.js'
export * from './director/index.js'
export {
  AbortError,
  DirectorError,
  InvalidArgumentError,
  NetlinkError,
  UnsupportedFeatureError,
  type DirectorErrorDetails,
} from './errors.js'
export type { BusyOptions } from './ipset/busy.js'
export type { ChangeOptions } from './ipset/change.js'
export { Sets, type CreateOptions, type ReplaceOptions } from './ipset/client.js'
export { EntryListing, EntryTable } from './ipset/entry-listing.js'
export { InvalidEntryError, SetEntryError, type EntryFailure } from './ipset/explain.js'
export { formatEntry } from './ipset/format.js'
export type { SyncReport } from './ipset/sync.js'
export { SetRestoreError, type SetRestoreOptions, type SetRestoreReport } from './ipset/restore.js'
export type * from './ipset/types.js'
export type { IptablesChange } from './iptables/diff.js'
export type * from './iptables/types.js'
export type { IpsetInput } from './ipset/input-pump.js'
export { IpsetError } from './ipset/libipset-error.js'
export {
  loadLibipset,
  type IpsetCommandResult,
  type Libipset,
  type LibipsetCommandOptions,
  type LibipsetOptions,
  type LibipsetRestoreOptions,
  type LibipsetSaveOptions,
  type IpsetRestoreReport,
  type IpsetSaveFormat,
} from './ipset/libipset.js'
export { runIpset, type IpsetStreams } from './ipset/run-ipset.js'
export { Ipvs, UnstableTableError, type SnapshotOptions } from './ipvs/client.js'
export type { ServerColumns } from './ipvs/columns.js'
export { Connections, type ConnectionsOptions } from './ipvs/connections.js'
export type { Operation } from './ipvs/ipvsadm/command.js'
export { RestoreLineError } from './ipvs/ipvsadm/errors.js'
export {
  formatTable,
  type TableColumns,
  type TableFormat,
  type TableOptions,
} from './ipvs/ipvsadm/table-format.js'
export {
  RestoreAbortError,
  type FailedLine,
  type RestoreOptions,
  type RestoreReport,
} from './ipvs/restore.js'
export { formatSave, parseRestore, type RestoreOperation, type SaveOptions } from './ipvs/save-format.js'
export type { IpvsStatistics } from './ipvs/statistics.js'
export {
  ipvsSysctls,
  type IpvsSysctlDefinition,
  type IpvsSysctlName,
  type IpvsSysctlValues,
  type SyncThreshold,
} from './ipvs/sysctl-definitions.js'
export { IpvsSysctls, type MissingSysctl } from './ipvs/sysctls.js'
export { Snapshot, type ConfiguredService } from './ipvs/snapshot.js'
export type * from './ipvs/types.js'
export { Kernel, openKernel, type KernelOptions } from './kernel.js'
export * from './lab/index.js'
export { Links, type CreateDummyOptions, type RemoveLinkOptions } from './link/client.js'
export type * from './link/types.js'
export { Listing } from './listing.js'
export { Sysctls, type SysctlReport } from './sysctls.js'
