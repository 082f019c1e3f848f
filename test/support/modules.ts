/** Modules of the kernel that a test runs on, which is a guest's. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Of a loaded module: how often it is in use, and by which modules. Format: name, size, uses, users, state. */
function loaded(name: string): { uses: number; users: string[] } | undefined {
  const line = new RegExp(`^${name} \\d+ (\\d+) (\\S+)`, 'm').exec(readFileSync('/proc/modules', 'utf8'))
  if (line === null) return undefined
  return { uses: Number(line[1]), users: (line[2] ?? '').split(',').filter((user) => /^\w/.test(user)) }
}

export function isLoaded(name: string): boolean {
  return loaded(name) !== undefined
}

/** With whatever needs it. A namespace of an earlier test may still be going, and its rules with it. */
export async function unload(name: string): Promise<void> {
  for (const user of loaded(name)?.users ?? []) await unload(user)
  while ((loaded(name)?.uses ?? 0) > 0) await delay(20)
  execFileSync('rmmod', [name])
}
