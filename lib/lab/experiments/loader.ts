/**
 * Module hooks for experiments of one's own: Node.js calls them, on a thread of theirs. They step in only where Node.js
 * itself gives up or is not sure to read the file, so that nothing else is loaded in another way than without them.
 */
import { readFile } from 'node:fs/promises'
import type { LoadHook, ResolveHook } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { packageFolder } from '../package-folder.js'
import { typeStripper } from './strip-types.js'

/** A file outside of every project has no `ipvs-director` in reach: it gets this one. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (specifier !== 'ipvs-director') throw error
    return { url: pathToFileURL(join(packageFolder(), 'dist/lib/index.mjs')).href, shortCircuit: true }
  }
}

/** TypeScript is taken for an ES module. */
export const load: LoadHook = async (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context)
  const file = fileURLToPath(url)
  const source = typeStripper(file)(await readFile(file, 'utf8'))
  return { format: 'module', source, shortCircuit: true }
}
