/** Where experiments are found: those that come with the package, and a file of one's own. */
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DirectorError, InvalidArgumentError } from '../../errors.js'
import { packageFolder } from '../package-folder.js'
import type { Experiment } from './experiment.js'
import { typeStripper } from './strip-types.js'

let hooked = false

/** Those that come with the package, in the order in which to read them. */
export async function listExperiments(): Promise<readonly Experiment[]> {
  return (await load(join(packageFolder(), 'dist/examples/experiments/index.js'))) as readonly Experiment[]
}

/**
 * One of the package's by its name; or the default export of a file, whose name has a slash or an ending.
 * @throws InvalidArgumentError there is none
 */
export async function findExperiment(name: string): Promise<Experiment> {
  if (/[/.]/.test(name)) return ownExperiment(resolve(name))
  const known = await listExperiments()
  const found = known.find((experiment) => experiment.name === name)
  if (found !== undefined) return found
  const names = known.map((experiment) => experiment.name).join(', ')
  throw new InvalidArgumentError('experiment', name, `one of ${names}, or a file`)
}

async function ownExperiment(file: string): Promise<Experiment> {
  if (!existsSync(file)) throw new InvalidArgumentError('experiment', file, 'a file that exists')
  if (file.endsWith('.ts')) typeStripper(file)
  hookOnce()
  const experiment = (await load(file).catch((error: unknown) => explain(file, error))) as
    Partial<Experiment> | undefined
  if (typeof experiment?.run === 'function' && experiment.topology !== undefined)
    return experiment as Experiment
  throw new DirectorError(`${file} has no experiment as its default export`, { code: 'ERR_INVALID_ARGUMENT' })
}

/** What Node.js could not read, in one line with what to do; an error that the file itself throws is passed on. */
function explain(file: string, error: unknown): never {
  const { code, message, name } = error as NodeJS.ErrnoException
  const [reason = ''] = message.split('\n')
  const remedy =
    code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
      ? 'npm install it beside the file (an ES module finds ipvs-director by itself)'
      : code === 'ERR_UNKNOWN_FILE_EXTENSION' || name === 'SyntaxError'
        ? 'it has to be an ES module (.mjs), CommonJS (.cjs) or TypeScript (.ts)'
        : undefined
  if (remedy === undefined) throw error
  throw new DirectorError(`${file}: ${reason}; ${remedy}`, { code: 'ERR_INVALID_ARGUMENT', cause: error })
}

/** From now on a file of one's own may be TypeScript, and lie where no package of ours is installed. */
function hookOnce(): void {
  // Node.js has hooks from 20.6 on; before, a file in a project that has the package installed is still read.
  const { register } = nodeModule as { register?: typeof nodeModule.register }
  if (!hooked) register?.(pathToFileURL(join(__dirname, 'loader.js')))
  hooked = true
}

/** The default export. Of a CommonJS module, import() gives `module.exports` as the default. */
async function load(file: string): Promise<unknown> {
  const { default: exported } = (await import(pathToFileURL(file).href)) as { default: unknown }
  const nested = exported as { __esModule?: boolean; default?: unknown }
  return nested?.__esModule === true ? nested.default : exported
}
