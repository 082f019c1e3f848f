/** Which kernel a guest boots, on machines that exist only here. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type LabError } from '../../../lib/lab/errors.js'
import {
  findUmlKernel,
  kernelCacheFolder,
  newestKernel,
  type KernelPlaces,
} from '../../../lib/lab/kernels.js'
import { unpackedFile } from '../../../lib/lab/unpack.js'

const cache = '/home/user/.cache/ipvs-director/kernels'
const debian = '/usr/bin/linux.uml'

function machine(files: readonly string[], environment: Record<string, string> = {}): KernelPlaces {
  return {
    environment,
    home: '/home/user',
    readable: (file) => files.includes(file),
    names: (folder) =>
      files.filter((file) => file.startsWith(`${folder}/`)).map((file) => file.slice(folder.length + 1)),
  }
}

test("Debian's kernel, with its modules, where there is nothing else", () => {
  assert.deepEqual(findUmlKernel(undefined, machine([debian])), {
    file: debian,
    modules: '/usr/lib/uml/modules',
    source: 'debian',
  })
})

test('the newest kernel of the cache folder comes before that of Debian', () => {
  const places = machine([debian, `${cache}/linux-7.2.9-uml`, `${cache}/linux-7.2.13-uml`])
  assert.deepEqual(findUmlKernel(undefined, places), {
    file: `${cache}/linux-7.2.13-uml`,
    modules: `${cache}/modules`,
    source: 'cache',
  })
})

test('the environment comes before the cache, the option before the environment', () => {
  const environment = { IPVS_DIRECTOR_LAB_KERNEL: '/kernels/env' }
  const places = machine(
    [debian, '/kernels/env', '/kernels/option', `${cache}/linux-7.2.13-uml`],
    environment,
  )
  assert.equal(findUmlKernel(undefined, places).file, '/kernels/env')
  assert.equal(findUmlKernel('/kernels/option', places).file, '/kernels/option')
  assert.equal(findUmlKernel('debian', places).file, debian)
})

test('a kernel that was named and is not there is an error that says who named it', () => {
  const places = machine([debian], { IPVS_DIRECTOR_LAB_KERNEL: '/gone' })
  assert.throws(() => findUmlKernel(undefined, places), /\/gone cannot be read \(\$IPVS_DIRECTOR_LAB_KERNEL/)
  assert.throws(() => findUmlKernel('/also-gone', places), /\/also-gone cannot be read \(the option/)
})

test('without any kernel the error lists the places and the command', () => {
  assert.throws(
    () => findUmlKernel(undefined, machine([])),
    (error: LabError) => {
      assert.equal(error.code, 'ERR_LAB_KERNEL_MISSING')
      assert.deepEqual(error.tried, ['$IPVS_DIRECTOR_LAB_KERNEL', `${cache}/linux-*-uml`, debian])
      assert.ok(error.tried.every((place) => error.message.includes(place)))
      assert.match(error.message, /apt-get install .*user-mode-linux/)
      return true
    },
  )
})

test('a packed kernel that was named once is not what boots from then on', () => {
  const unpacked = unpackedFile('/downloads/linux-8.0-uml.xz', cache)
  assert.match(unpacked, /\/linux-8\.0-uml$/)
  assert.notEqual(unpacked, unpackedFile('/elsewhere/linux-8.0-uml.xz', cache))
  // The folder of the unpacked one, as a listing of the cache shows it.
  const shown = unpacked.slice(cache.length + 1).split('/')[0] ?? ''
  assert.equal(findUmlKernel(undefined, machine([debian, unpacked, `${cache}/${shown}`])).file, debian)
})

test('the cache folder follows XDG_CACHE_HOME, unless that is relative', () => {
  assert.equal(kernelCacheFolder(machine([], { XDG_CACHE_HOME: '/x' })), '/x/ipvs-director/kernels')
  assert.equal(kernelCacheFolder(machine([], { XDG_CACHE_HOME: 'x' })), cache)
})

test('versions compare as numbers, and other files of the folder do not count', () => {
  assert.equal(
    newestKernel(['linux-6.9-uml', 'linux-6.12.1-0a1b2c3d-uml', 'README']),
    'linux-6.12.1-0a1b2c3d-uml',
  )
  assert.equal(newestKernel(['linux-7.2.13-uml.77.partial', 'qemu']), undefined)
})
