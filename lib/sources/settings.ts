/** Settings of a director from a file: YAML or JSON, one key a setting. */
import { parseDocument } from 'yaml'
import type { DirectorSettings } from '../director/index.js'
import { InvalidArgumentError } from '../errors.js'
import { checkSyntax, readText } from './manifests.js'

/** What the keys hold is checked by the director. @throws `ERR_INVALID_ARGUMENT` naming the file */
export async function readDirectorSettings(file: string): Promise<DirectorSettings> {
  const document = parseDocument(await readText(file))
  checkSyntax(document, file)
  const settings: unknown = document.toJS() ?? {}
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new InvalidArgumentError(file, settings, 'an object with settings')
  }
  return settings
}
