/** JavaScript out of TypeScript: by Node.js where it can, by the compiler that a project has otherwise. */
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DirectorError } from '../../errors.js'
import { packageFolder } from '../package-folder.js'

type Strip = (source: string) => string

interface Compiler {
  transpileModule(source: string, options: { compilerOptions: object }): { outputText: string }
}

/**
 * What takes the types out of a file, which stays an ES module.
 * @throws DirectorError `ERR_INVALID_ARGUMENT` neither Node.js nor a compiler in reach can do that
 */
export function typeStripper(file: string): Strip {
  // From Node.js 22.13 on; not yet in the types of the oldest that we run on.
  const { stripTypeScriptTypes } = nodeModule as { stripTypeScriptTypes?: Strip }
  if (stripTypeScriptTypes !== undefined) return (source) => stripTypeScriptTypes(source)
  const compiler = findCompiler(file)
  if (compiler === undefined)
    throw new DirectorError(
      `${file} is TypeScript, which Node.js ${process.version} cannot read: npm install typescript beside it, ` +
        'or take Node.js 22.13 or later',
      { code: 'ERR_INVALID_ARGUMENT' },
    )
  // 99 is ESNext for both, whatever version of the compiler that is.
  const compilerOptions = { module: 99, target: 99 }
  return (source) => compiler.transpileModule(source, { compilerOptions }).outputText
}

function findCompiler(file: string): Compiler | undefined {
  for (const folder of [dirname(file), process.cwd(), packageFolder()])
    try {
      return nodeModule.createRequire(pathToFileURL(join(folder, 'x')))('typescript') as Compiler
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  return undefined
}
