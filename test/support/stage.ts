/** The kinds of stages that a test run is made of. */
import { type Counts, addCounts, noCounts, parseCounts } from './counts.js'
import { nodeTestArguments, testFiles } from './node-test.js'
import { type Print, runProgram } from './run-program.js'

export interface Stage {
  name: string
  run(print: Print): Promise<Counts>
}

/** Ample for the slowest stage on two busy cores; a stage that hangs must not hold up the others for ever. */
const limit = 40 * 60 * 1000

/** A check that passes or fails as a whole: programs run in order, the first failure ends it. */
export function check(name: string, ...commands: readonly string[][]): Stage {
  return {
    name,
    async run(print) {
      for (const [program = '', ...args] of commands) {
        const problem = await runProgram(program, args, { limit, print })
        if (problem !== undefined) return failure(program, problem)
      }
      return { ...noCounts(), passed: 1 }
    },
  }
}

/** Programs run in order that report their tests by the line of test/support/counts.ts; a failure ends the stage. */
export function counted(name: string, ...commands: readonly string[][]): Stage {
  return {
    name,
    async run(print) {
      let counts = noCounts()
      const onLine = (line: string): boolean => {
        const found = parseCounts(line)
        if (found !== undefined) counts = addCounts(counts, found)
        return found === undefined
      }
      for (const [program = '', ...args] of commands) {
        const problem = await runProgram(program, args, { limit, print, onLine })
        if (problem === undefined) continue
        // A program that named its failures has said enough.
        return counts.failed.length > 0 ? counts : addCounts(counts, failure(program, problem))
      }
      return counts
    },
  }
}

/** All test files of folders of dist/test, on this machine; `commands` makes the command lines from the files. */
export function nodeTests(name: string, folders: string | readonly string[], commands = nodeTest): Stage {
  return {
    name,
    async run(print) {
      const files = [folders].flat().flatMap(testFiles)
      if (files.length === 0) return failure([folders].flat().join(', '), 'no test file')
      return counted(name, ...commands(files)).run(print)
    },
  }
}

function nodeTest(files: readonly string[]): string[][] {
  return [[process.execPath, ...nodeTestArguments(files)]]
}

export function failure(name: string, reason: string): Counts {
  return { ...noCounts(), failed: [{ name, reason }] }
}
