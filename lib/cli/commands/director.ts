import type { Command } from 'commander'
import type { Change, Director, DirectorSettings, Pass } from '../../director/index.js'
import type { Kernel } from '../../kernel.js'
import { InvalidArgumentError } from '../../errors.js'
import type { Manifests } from '../../sources/manifests.js'
import type { RegisterCommand } from './index.js'

interface DirectorFlags {
  /** Not of `cleanup`. */
  file?: string[]
  config?: string
  netns?: string
  node?: string
  prefix?: string
  family: string[]
  json?: boolean
  dryRun?: boolean
  metricsPort?: number
  metricsAddress?: string
}

export const registerDirector: RegisterCommand = (program) => {
  const director = program
    .command('director')
    .summary('bring the kernel to what Services and endpoints ask for')
    .description(
      "Does what kube-proxy's IPVS mode does, from files: virtual services, sets, iptables rules, addresses. " +
        'Files hold Services and EndpointSlices as kubectl prints them, and plain services as kind VirtualService.',
    )
  withFlags(director.command('plan'), true)
    .summary('print what would change, like a diff')
    .action((flags: DirectorFlags) => run(flags, showPlan))
  withFlags(director.command('apply'), true)
    .summary('make the changes, once')
    .option('-n, --dry-run', 'print what would change, and change nothing')
    .action((flags: DirectorFlags) => run(flags, flags.dryRun === true ? showPlan : apply))
  withFlags(director.command('run'), true)
    .summary('make the changes, and keep the kernel so until interrupted')
    .option('--metrics-port <port>', 'serve /metrics, /healthz and /livez on this port', portNumber)
    .option('--metrics-address <address>', 'the address to serve them on', '127.0.0.1')
    .action((flags: DirectorFlags) => run(flags, keepRunning))
  withFlags(director.command('cleanup'), false)
    .summary('remove from the kernel everything that is ours, and nothing else')
    .option('-n, --dry-run', 'print what would be removed, and remove nothing')
    .action((flags: DirectorFlags) => run(flags, flags.dryRun === true ? showCleanup : cleanUp))
}

function withFlags(command: Command, takesFiles: boolean): Command {
  // Without a default: one would count as given, and nothing wished means that all services go.
  if (takesFiles) command.requiredOption('-f, --file <file>', 'a file with objects (repeatable)', append)
  return command
    .option('-c, --config <file>', 'a YAML or JSON file with settings of the director')
    .option('--netns <path>', 'the network namespace to work in, such as /run/netns/blue')
    .option('--node <name>', "this node's name, as endpoints give it (default: the host name)")
    .option('--prefix <prefix>', 'first part of the names of sets and chains (default: KUBE-)')
    .option('--family <family>', 'inet or inet6 (repeatable; default: both)', append, [])
    .option('--json', 'print JSON')
}

async function run(
  flags: DirectorFlags,
  work: (director: Director, flags: DirectorFlags) => Promise<void>,
): Promise<void> {
  const { openKernel } = await import('../../kernel.js')
  const { Director } = await import('../../director/index.js')
  const { netns } = flags
  // What is wrong with the files is said also where the kernel would be refused.
  const [settings, manifests] = [await readSettings(flags), await readFiles(flags)]
  const kernel: Kernel = await openKernel(netns === undefined ? {} : { netns })
  try {
    const director = new Director(kernel, settings)
    director.on('unavailable', ({ family, reason }) =>
      process.stderr.write(`${family} is not served: ${reason}\n`),
    )
    director.on('missing', ({ error, owners }) =>
      process.stderr.write(`missing ${[error.message, ...owners].join(', ')}\n`),
    )
    await wish(director, manifests)
    await work(director, flags)
  } finally {
    await kernel.close()
  }
}

async function readSettings({
  config,
  netns,
  node,
  prefix,
  family,
}: DirectorFlags): Promise<DirectorSettings> {
  const { readDirectorSettings } = await import('../../sources/settings.js')
  return {
    ...(config !== undefined && (await readDirectorSettings(config))),
    ...(netns !== undefined && { netns }),
    ...(node !== undefined && { nodeName: node }),
    ...(prefix !== undefined && { prefix }),
    // Checked by the director, which names the option and what it takes.
    ...(family.length > 0 && { families: family as ('inet' | 'inet6')[] }),
  }
}

async function readFiles({ file }: DirectorFlags): Promise<Manifests> {
  const { readManifests } = await import('../../sources/manifests.js')
  return readManifests(file ?? [])
}

async function wish(director: Director, manifests: Manifests): Promise<void> {
  const { wishAll } = await import('../../sources/wish.js')
  const { exitCodes } = await import('../exit-codes.js')
  const refused = wishAll(director, manifests)
  for (const one of refused) process.stderr.write(`refused ${one}\n`)
  if (refused.length > 0) process.exitCode = exitCodes.usage
  for (const one of manifests.ignored) process.stderr.write(`ignored ${one}\n`)
}

async function showPlan(director: Director, { json }: DirectorFlags): Promise<void> {
  const planned = await director.plan()
  await print(planned.changes, json)
  await printWithheld(planned.withheld)
}

async function apply(director: Director, { json }: DirectorFlags): Promise<void> {
  await report(await director.sync({ full: true }), json)
  // Idle servers need not wait for somebody to look again; busy ones keep weight 0, and the next run removes them.
  await director.checkDrains()
  await director.stop()
}

async function keepRunning(
  director: Director,
  { json, metricsPort, metricsAddress = '127.0.0.1' }: DirectorFlags,
): Promise<void> {
  const { interruptible } = await import('../interrupt.js')
  const { DirectorMetrics } = await import('../../director/index.js')
  const { serveMetrics } = await import('../metrics-server.js')
  const metrics = new DirectorMetrics(director)
  director.on('synced', (event) => void print([event], json))
  director.on('failed', ({ error, owners }) =>
    process.stderr.write(`${owners.join(', ')}: ${error.message}\n`),
  )
  const server =
    metricsPort === undefined
      ? undefined
      : await serveMetrics({
          director,
          metrics,
          port: metricsPort,
          host: metricsAddress,
        })
  try {
    await interruptible(async (signal) => {
      await director.start()
      // A signal that came while it started is not told again.
      if (signal.aborted) return
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    })
  } finally {
    server?.close()
    server?.closeAllConnections()
    await director.stop()
  }
}

async function showCleanup(director: Director, { json }: DirectorFlags): Promise<void> {
  await print(await director.planCleanup(), json)
}

async function cleanUp(director: Director, { json }: DirectorFlags): Promise<void> {
  await report(await director.cleanup(), json)
}

async function report({ changes, failed, withheld }: Pass, json: boolean | undefined): Promise<void> {
  const { describeChange, singleChanges } = await import('../../director/index.js')
  await print(changes.flatMap(singleChanges), json)
  for (const { change, error } of failed) {
    process.stderr.write(`failed: ${describeChange(change)}: ${error.message}\n`)
  }
  await printWithheld(withheld)
  const { exitCodes } = await import('../exit-codes.js')
  if (failed.length > 0) process.exitCode = exitCodes.failed
}

async function printWithheld(withheld: readonly Change[]): Promise<void> {
  const { describeChange } = await import('../../director/index.js')
  for (const change of withheld) process.stderr.write(`not allowed: ${describeChange(change)}\n`)
}

/** Changes one a line; as JSON with maps as objects and sets as arrays. */
async function print(items: readonly object[], json: boolean | undefined): Promise<void> {
  const { describeChange } = await import('../../director/index.js')
  if (json === true) {
    const plain = (_key: string, value: unknown): unknown =>
      value instanceof Map ? Object.fromEntries(value) : value instanceof Set ? [...value] : value
    process.stdout.write(`${JSON.stringify(items, plain, 2)}\n`)
    return
  }
  for (const item of items) {
    const text =
      'type' in item ? describeChange(item as Parameters<typeof describeChange>[0]) : JSON.stringify(item)
    process.stdout.write(`${text}\n`)
  }
}

function portNumber(value: string): number {
  const port = Number(value)
  if (/^\d{1,5}$/.test(value) && port >= 1 && port <= 65535) return port
  throw new InvalidArgumentError('--metrics-port', value, 'a port from 1 to 65535')
}

function append(value: string, previous: string[] = []): string[] {
  return [...previous, value]
}
