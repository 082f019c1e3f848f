/** Where Debian packages come from, and what a kernel build is called. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { umlKernelName, unknownSettings } from '../../../lib/lab/build-kernel.js'
import { findDebianSource } from '../../../lib/lab/debian/sources.js'

test('a source is found in files of one line a source', () => {
  const text = `# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main contrib
`
  assert.deepEqual(pick([{ name: 'sources.list', text }]), ['http://mirror.example/debian', '/keys/a.gpg'])
})

test('a source is found in files of stanzas, whatever stands around it', () => {
  const text = `Types: deb
# a comment within
URIs: http://security.example/debian
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb deb-src
URIs: http://mirror.example/debian
 http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /keys/b.gpg
`
  assert.deepEqual(pick([{ name: 'debian.sources', text }]), ['http://mirror.example/debian', '/keys/b.gpg'])
})

test('a key inside the file is not taken for the name of one', () => {
  const text = `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
`
  assert.deepEqual(pick([{ name: 'debian.sources', text }]), ['http://mirror.example/debian', undefined])
})

test('without a source for the release there is none', () => {
  const text = 'deb http://mirror.example/debian trixie main\ndeb http://other.example/ bookworm nonfree\n'
  assert.equal(findDebianSource([{ name: 'sources.list', text }], 'bookworm'), undefined)
})

test("a kernel's name holds upstream's version and changes with what it is made from", () => {
  const name = umlKernelName('7.2.12-1~bpo13+1', 'CONFIG_A=y\n')
  assert.match(name, /^linux-7\.2\.12-[0-9a-f]{8}-uml$/)
  assert.equal(umlKernelName('7.2.12-1~bpo13+1', 'CONFIG_A=y\n'), name)
  assert.notEqual(umlKernelName('7.2.12-1~bpo13+1', 'CONFIG_A=n\n'), name)
  assert.notEqual(umlKernelName('7.2.12-2', 'CONFIG_A=y\n'), name)
})

test('settings that did not come out as asked are named', () => {
  const asked = '# comment\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_C=n\nCONFIG_D=y\nCONFIG_E="x"\n'
  const result = 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_E="x"\n'
  assert.deepEqual(unknownSettings(asked, result), ['CONFIG_C=n', 'CONFIG_D=y'])
})

function pick(files: { name: string; text: string }[]): unknown[] {
  const source = findDebianSource(files, 'bookworm')
  return [source?.uri, source?.signedBy]
}
