#!/usr/bin/env node
/**
 * What the repository may hold: text that a person wants to read. No binaries, no build output, no source file over
 * 400 lines, no path of the machine it was written on, no registry address in the lock file.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname } from 'node:path'

const maxLines = 400
const sourceFile = /\.(ts|mts|cts|mjs|cc|h|c|sh)$/
const buildOutput = /(^|\/)(node_modules|dist|build|prebuilds)\/|\.(node|o|a|so|tgz|tsbuildinfo)$/
/** Folders that every Linux machine has: naming them betrays nobody's machine. */
const commonFolders = /^\/(bin|dev|etc|lib|mnt|opt|proc|root|run|srv|sys|tmp|usr|var)?(\/|$)/

/** The folders above this checkout, and the home folder, as they would stand in a file that leaks them. */
function privatePaths() {
  const paths = []
  for (let folder = process.cwd(); folder !== '/'; folder = dirname(folder)) paths.push(folder)
  return [...paths, homedir()]
    .filter((path) => path !== '/home' && !commonFolders.test(path))
    .map((path) => `${path}/`)
}

const forbiddenPaths = privatePaths()
const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(existsSync)
const problems = files.flatMap(problemsOf)

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)

function problemsOf(file) {
  if (buildOutput.test(file)) return [`${file}: build output`]
  const text = readFileSync(file, 'utf8')
  if (text.includes('\0')) return [`${file}: a binary`]
  return [
    ...overLong(file, text),
    ...forbiddenPaths
      .filter((path) => text.includes(path))
      .map((path) => `${file}: names ${path}, a path of this machine`),
    ...(file === 'package-lock.json' && text.includes('"resolved": "http')
      ? [`${file}: names a registry`]
      : []),
  ]
}

function overLong(file, text) {
  const lines = text.split('\n').length - 1
  return sourceFile.test(file) && lines > maxLines ? [`${file}: ${lines} lines, at most ${maxLines}`] : []
}
