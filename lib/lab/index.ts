/** The lab: a real Linux kernel with IPVS, booted as an ordinary process. Guide: docs/lab.md. */
import { fetchQemuKernel } from './qemu/kernels.js'
import { insideLab, runInLab } from './run.js'

export { LabError, type LabErrorCode } from './errors.js'
export type { LabBackend, LabInput, LabOptions, LabOutput } from './options.js'
export type { FetchedKernel, FetchOptions } from './qemu/kernels.js'
export type { LabResult } from './run.js'

export const Lab = {
  /** Boots a guest and runs a command in it. */
  run: runInLab,
  /** Fetches Debian's stock kernel for the `qemu` backend into the cache folder. */
  fetchKernel: fetchQemuKernel,
  /** True inside a guest. */
  inside: insideLab,
} as const
export * from './topology/index.js'
