/**
 * Runs compiled test files inside a guest, all of them in one boot and one process:
 * `node dist/test/lab-runner.js --kernel default|better [files…]`, from the repository. Prints what node:test prints
 * and returns what it returns; says so, and returns 0, where there is no better kernel.
 */
import { parseArgs } from 'node:util'
import { Lab } from '../lib/lab/index.js'
import { formatCounts, noCounts } from './support/counts.js'
import { betterKernel, defaultKernel, MOSTLY_ELSEWHERE } from './support/lab-kernel.js'
import { joinedTestArguments, testFiles } from './support/node-test.js'

export interface LabTestOptions {
  readonly kernel: 'default' | 'better'
  /** Default: everything in dist/test/lab. */
  readonly files?: readonly string[]
}

/** Resolves with node:test's exit code. */
export async function runLabTests({ kernel, files }: LabTestOptions): Promise<number> {
  const chosen = kernel === 'default' ? { file: defaultKernel } : betterKernel()
  if ('missing' in chosen) {
    const skipped = [{ name: 'on the better kernel', reason: chosen.missing }]
    console.log(`skipped: ${chosen.missing}\n${formatCounts({ ...noCounts(), skipped })}`)
    return 0
  }
  const elsewhere = isElsewhere(kernel, files)
  const tests = files !== undefined && files.length > 0 ? files : testFiles('dist/test/lab')
  const here = elsewhere ? tests.filter((file) => !onOneKernel.test(file)) : tests
  const leftOut = tests.filter((file) => !here.includes(file)).map((name) => ({ name, reason }))
  console.log(formatCounts({ ...noCounts(), skipped: leftOut }))
  const result = await Lab.run([process.execPath, ...joinedTestArguments(here)], {
    kernel: chosen.file,
    env: { ...process.env, ...(elsewhere && { [MOSTLY_ELSEWHERE]: reason }) },
    memory: '4G',
    timeoutSeconds: 35 * 60,
    stdout: 'inherit',
    stderr: 'inherit',
  })
  console.log(`(Linux ${result.kernelRelease} booted in ${(result.bootMs / 1000).toFixed(1)} s)`)
  return result.exitCode
}

/**
 * What takes as long as all else together: of two kernels, the better one is given it. What remains for the other says
 * whether that kernel does what the director wants of it.
 */
const onOneKernel =
  /\/(director-(chaos|connections|direct|repairs|settings|traffic6?|udp)|sets-(libipset|types)|ipvsadm-[a-z]+)\.test\.js$/
const reason = 'they run on the better kernel, in lab-better'

function isElsewhere(kernel: string, files: readonly string[] = []): boolean {
  return kernel === 'default' && files.length === 0 && !('missing' in betterKernel())
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { kernel: { type: 'string', default: 'default' } },
    allowPositionals: true,
  })
  if (values.kernel !== 'default' && values.kernel !== 'better') {
    throw new Error(`--kernel: expected default or better, got ${values.kernel}`)
  }
  process.exitCode = await runLabTests({ kernel: values.kernel, files: positionals })
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  })
}
