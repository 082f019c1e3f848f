import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of this package, from the source tree and from `dist/` alike. */
export function packageFolder(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) throw new Error(`no package.json above ${from}`)
  }
}

/** A file that the guest runs, or that a kernel is built from. */
export function carriedFile(name: string): string {
  return join(packageFolder(), 'lib/lab/guest', name)
}
