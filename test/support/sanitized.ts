/** Runs test files with the addon that was built under sanitizers (`npm run build:sanitized`). */
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { joinedTestArguments } from './node-test.js'

/** Their tests start Node again, to load the addon there. */
const startsNode = /\/worker\/|\/libipset-(lookups|hostile)\.test\.js$|\/unprivileged-bpf\.test\.js$/

/** The commands that run these files, in two processes; both folders must have been built. */
export function sanitizedNodeTests(files: readonly string[]): string[][] {
  const [again, once] = [true, false].map((wanted) =>
    files.filter((file) => startsNode.test(file) === wanted),
  )
  return [
    [...sanitizer(), '--require', join(__dirname, 'plain-children.js'), ...joinedTestArguments(once ?? [])],
    [...sanitizer(), ...joinedTestArguments(again ?? [])],
  ]
}

function sanitizer(): string[] {
  return [
    'env',
    // Node itself is not built with the sanitizer, so its runtime has to be there before anything else; the C++
    // runtime comes along, because the sanitizer looks up its exception handling when it starts.
    `LD_PRELOAD=${compilerLibrary('libasan.so')}:${compilerLibrary('libstdc++.so')}`,
    // Node and V8 leave memory to the end of the process; the C++ tests look for leaks of ours.
    'ASAN_OPTIONS=detect_leaks=0',
    // The name by which node-gyp-build lets another build be loaded.
    `IPVS_DIRECTOR_PREBUILD=${resolve('.cache/sanitized')}`,
    process.execPath,
  ]
}

function compilerLibrary(name: string): string {
  return execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()
}
