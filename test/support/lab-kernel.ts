/** The guest kernels that tests run on. */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { KERNEL_VARIABLE, newestKernel } from '../../lib/lab/kernels.js'

/** Debian's, which every machine can install. */
export const defaultKernel = 'debian'

/** Why most experiments and rows of conformance are not run on this kernel; not set where all are. */
export const MOSTLY_ELSEWHERE = 'IPVS_DIRECTOR_TEST_MOSTLY_ELSEWHERE'

/** Packed kernels that lie beside the repository, where somebody has put them. */
const besideTheRepository = resolve('..', 'shared', 'lab')

/** A newer kernel with what Debian's lacks, where there is one: the reason for the skip otherwise. */
export function betterKernel(): { file: string } | { missing: string } {
  const named = process.env[KERNEL_VARIABLE]
  if (named !== undefined && named !== '') return { file: named }
  const names = existsSync(besideTheRepository) ? readdirSync(besideTheRepository) : []
  const packed = names.filter((name) => name.endsWith('.xz')).map((name) => name.slice(0, -'.xz'.length))
  const newest = newestKernel(packed)
  if (newest !== undefined) return { file: join(besideTheRepository, `${newest}.xz`) }
  return { missing: `no kernel named by ${KERNEL_VARIABLE}, and no linux-*-uml.xz beside the repository` }
}
