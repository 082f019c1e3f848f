/**
 * Runs compiled test files inside a guest, all of them in one boot:
 * `node dist/test/lab-runner.js --kernel default|better [files…]`, from the repository. Prints what node:test prints
 * and returns what it returns; says so, and returns 0, where there is no better kernel.
 */
import { parseArgs } from 'node:util'
import { Lab } from '../lib/lab/index.js'
import { formatCounts, noCounts } from './support/counts.js'
import { betterKernel, defaultKernel, MOSTLY_ELSEWHERE } from './support/lab-kernel.js'
import { nodeTestArguments, testFiles } from './support/node-test.js'

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
  const tests = files !== undefined && files.length > 0 ? files : testFiles('dist/test/lab')
  const result = await Lab.run([process.execPath, ...nodeTestArguments(tests)], {
    kernel: chosen.file,
    env: { ...process.env, ...mostlyElsewhere(kernel, files) },
    memory: '4G',
    timeoutSeconds: 35 * 60,
    stdout: 'inherit',
    stderr: 'inherit',
  })
  console.log(`(Linux ${result.kernelRelease} booted in ${(result.bootMs / 1000).toFixed(1)} s)`)
  return result.exitCode
}

/** Experiments and conformance take as long as all other tests together: of two kernels, the better one is given them. */
function mostlyElsewhere(kernel: string, files: readonly string[] = []): Record<string, string> {
  if (kernel !== 'default' || files.length > 0 || 'missing' in betterKernel()) return {}
  return { [MOSTLY_ELSEWHERE]: 'they run on the better kernel, in lab-better' }
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
