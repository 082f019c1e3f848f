/** The command table: one file a command, listed in the order in which help shows them. */
import type { Command } from 'commander'
import { registerCompletion } from './completion.js'
import { registerDoctor } from './doctor.js'
import { registerDirector } from './director.js'
import { registerIpset } from './ipset.js'
import { registerIpvsadm } from './ipvsadm.js'
import { registerLab } from './lab.js'
import { registerMan } from './man.js'

/** Adds one command to the program. It loads what it needs when it runs, so that the others start fast. */
export type RegisterCommand = (program: Command) => void

export const commands: readonly RegisterCommand[] = [
  registerDoctor,
  registerDirector,
  registerIpset,
  registerIpvsadm,
  registerLab,
  registerCompletion,
  registerMan,
]
