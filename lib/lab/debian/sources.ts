/** Where this machine gets Debian packages from, so that others come from the same place. Pure; see private-apt.ts. */

export interface PackageSource {
  readonly uri: string
  /** Keyring file that signs it, as `Signed-By` names it; undefined: apt's own trusted keys. */
  readonly signedBy: string | undefined
}

/** The source that offers Debian's `main` in the suite `codename`, from the texts of apt's configuration files. */
export function findDebianSource(files: readonly SourceFile[], codename: string): PackageSource | undefined {
  const entries = files.flatMap(({ name, text }) =>
    name.endsWith('.sources') ? readStanzas(text) : readLines(text),
  )
  return entries.find(({ suites, components }) => suites.includes(codename) && components.includes('main'))
}

export interface SourceFile {
  readonly name: string
  readonly text: string
}

interface Entry extends PackageSource {
  readonly suites: readonly string[]
  readonly components: readonly string[]
}

/** One line a source: `deb [options] uri suite component…`. */
function readLines(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const match =
      /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+(?<components>[^#]+)/.exec(line)
    if (match?.groups === undefined) return []
    const { options = '', uri = '', suite = '', components = '' } = match.groups
    const signedBy = /\bsigned-by=(\S+)/i.exec(options)?.[1]
    return [{ uri, suites: [suite], components: words(components), signedBy }]
  })
}

/** Stanzas of `Field: value` lines, parted by empty lines; a line that begins with a blank continues a value. */
function readStanzas(text: string): Entry[] {
  const uncommented = text.replace(/^#.*\n?/gm, '')
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const unfolded = stanza.replace(/\n[ \t]+/g, ' ')
    const fields = new Map(
      [...unfolded.matchAll(/^([\w-]+):[ \t]*(.*)$/gm)].map(([, name = '', value = '']) => [
        name.toLowerCase(),
        value.trim(),
      ]),
    )
    const list = (name: string): string[] => words(fields.get(name) ?? '')
    const [uri] = list('uris')
    if (uri === undefined || !list('types').includes('deb') || fields.get('enabled') === 'no') return []
    // A key may stand in the file itself; a list of sources of ours refers to keyring files only.
    const signedBy = fields.get('signed-by')
    const keyring = signedBy?.startsWith('/') === true ? signedBy : undefined
    return [{ uri, suites: list('suites'), components: list('components'), signedBy: keyring }]
  })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
