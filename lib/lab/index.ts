/** The lab: a real Linux kernel with IPVS, booted as an ordinary process. Guide: docs/lab.md. */
import { buildUmlKernel } from './build-kernel.js'
import { examineLab } from './doctor.js'
import { fetchEmulator } from './qemu/fetch-emulator.js'
import { fetchQemuKernel } from './qemu/kernels.js'
import { insideLab, runInLab } from './run.js'

export type { BuildOptions, BuiltKernel } from './build-kernel.js'
export type { LabCheck, LabPurpose, LabReport } from './doctor.js'
export { LabError, type LabErrorCode } from './errors.js'
export type { LabBackend, LabInput, LabOptions, LabOutput } from './options.js'
export type { Emulator } from './qemu/emulators.js'
export type { FetchedKernel, FetchOptions } from './qemu/kernels.js'
export type { LabResult } from './run.js'

export const Lab = {
  /** Boots a guest and runs a command in it. */
  run: runInLab,
  /** Fetches Debian's stock kernel for the `qemu` backend into the cache folder. */
  fetchKernel: fetchQemuKernel,
  /** Fetches a QEMU that gives each processor of a guest a thread of its own, where the installed one does not. */
  fetchQemu: fetchEmulator,
  /** Builds a User-Mode Linux kernel newer than Debian's into the cache folder. */
  buildKernel: buildUmlKernel,
  /** What this machine has of what the lab needs. */
  doctor: examineLab,
  /** True inside a guest. */
  inside: insideLab,
} as const
export * from './topology/index.js'
export * from './experiments/index.js'
