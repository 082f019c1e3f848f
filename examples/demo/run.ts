/** Runs the demo on this machine's kernel where that has IPVS and we are root, otherwise in a lab guest. */
import { execPath, getuid, stdout } from 'node:process'
import { join } from 'node:path'

import { Lab, openKernel } from 'ipvs-director'

const demo = join(__dirname, 'balance.js')

async function kernelHasIpvs(): Promise<boolean> {
  if (getuid?.() !== 0) return false
  const kernel = await openKernel()
  try {
    await kernel.ipvs.info()
    return true
  } catch {
    return false
  } finally {
    await kernel.close()
  }
}

async function main(): Promise<void> {
  if (await kernelHasIpvs()) {
    stdout.write("this machine's kernel has IPVS\n")
    await import(demo)
    return
  }
  stdout.write("this machine's kernel has no IPVS (or we are not root): booting one in user space\n")
  const { exitCode, bootMs } = await Lab.run([execPath, demo], {
    stdout: 'inherit',
    stderr: 'inherit',
    timeoutSeconds: 120,
  })
  stdout.write(`the guest took ${(bootMs / 1000).toFixed(1)} s to its first command\n`)
  process.exitCode = exitCode
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
