import type { Capabilities, Capability } from '../../capabilities.js'
import { exitCodes } from '../exit-codes.js'
import { print, printJson, styled } from '../output.js'
import type { RegisterCommand } from './index.js'

export const registerDoctor: RegisterCommand = (program) => {
  program
    .command('doctor')
    .summary('say what this kernel and machine have, what they lack, and how to get it')
    .description(
      'Asks the kernel what it has for IPVS, IP sets, conntrack and links, and prints for each thing that is missing the ' +
        'command that gets it. Changes nothing. Exit codes: 0 nothing essential is missing, 3 IPVS, IP sets, conntrack ' +
        'or the privilege to use them is.',
    )
    .option('--netns <path>', 'look into this network namespace')
    .option('--json', 'print JSON')
    .action(runDoctor)
}

async function runDoctor(flags: { netns?: string; json?: boolean }): Promise<void> {
  const { openKernel } = await import('../../kernel.js')
  const kernel = await openKernel(flags.netns === undefined ? {} : { netns: flags.netns })
  try {
    const capabilities = await kernel.capabilities()
    if (flags.json === true) printJson(capabilities)
    else printCapabilities(capabilities)
    process.exitCode = essentials(capabilities).every(({ available }) => available)
      ? exitCodes.ok
      : exitCodes.missing
  } finally {
    await kernel.close()
  }
}

function essentials({ netAdmin, ipvs, sets, conntrack }: Capabilities): Capability[] {
  return [netAdmin, ipvs, sets, conntrack]
}

function printCapabilities(capabilities: Capabilities): void {
  const { kernelRelease, schedulers, setTypes, ...single } = capabilities
  print(`kernel ${kernelRelease}`)
  for (const [name, capability] of Object.entries(single)) printOne(TITLES[name] ?? name, capability)
  for (const [name, capability] of Object.entries(schedulers)) printOne(`scheduler ${name}`, capability)
  for (const [name, capability] of Object.entries(setTypes)) printOne(`set type ${name}`, capability)
}

const TITLES: Readonly<Record<string, string>> = {
  netAdmin: 'CAP_NET_ADMIN',
  ipvs: 'IPVS',
  sets: 'IP sets',
  dummyLinks: 'dummy links',
  bpf: 'eBPF filters',
  iptablesLegacy: 'iptables (legacy)',
  iptablesNft: 'iptables (nft)',
}

function printOne(title: string, { available, detail, reason, remedy }: Capability): void {
  const mark = available ? styled('green', 'yes') : styled('yellow', 'no ')
  const words = available
    ? (detail ?? '')
    : [reason, remedy === undefined ? '' : `→ ${remedy}`].join(' ').trim()
  print(`${mark}  ${title}${words === '' ? '' : `: ${words}`}`)
}
