import { DirectorError } from '../../errors.js'
import type { Listing } from '../../ipvs/ipvsadm/command.js'
import { type NumbersToNames, noNames } from '../../ipvs/ipvsadm/names.js'
import { formatTable } from '../../ipvs/ipvsadm/table-format.js'
import { formatSave } from '../../ipvs/save-format.js'
import type { ServiceKey, ServiceWithServers, SyncDaemonState } from '../../ipvs/types.js'
import { formatConnections } from './connection-format.js'
import { exitCodes, type Session } from './context.js'
import { kernelErrno, messageOf } from './kernel-messages.js'

type TableListing = Extract<Listing, { operation: 'listTable' }>

/** Prints a listing. */
export async function show(listing: Listing, session: Session): Promise<number> {
  try {
    session.stdout.write(await textOf(listing, session))
    return exitCodes.done
  } catch (error) {
    const errno = kernelErrno(error)
    if (errno === undefined) throw error
    session.stderr.write(`${messageOf(listing.operation, errno)}\n`)
    return exitCodes.cannotShow
  }
}

async function textOf(listing: Listing, session: Session): Promise<string> {
  const { ipvs } = session.kernel
  switch (listing.operation) {
    case 'listTable':
      return listing.service ? oneService(listing, listing.service, session) : wholeTable(listing, session)
    case 'save': {
      const table = [...(await ipvs.snapshot())]
      const names = await namesFor(table, listing.numeric, session)
      return formatSave(table, { names, thresholds: false })
    }
    case 'listConnections': {
      const connections = await ipvs.connections()
      const addresses = connections.flatMap(({ client, virtual, server }) => [client, virtual, server])
      const names = listing.numeric
        ? noNames
        : await session.names.naming(addresses.map(({ address }) => address))
      return formatConnections(connections, { names, persistenceEngineData: listing.persistenceEngineData })
    }
    case 'listTimeouts': {
      const { tcpSeconds, tcpFinSeconds, udpSeconds } = await ipvs.timeouts()
      return `Timeout (tcp tcpfin udp): ${tcpSeconds} ${tcpFinSeconds} ${udpSeconds}\n`
    }
    case 'listDaemons':
      return (await ipvs.daemons()).map(daemonLine).join('')
  }
}

async function wholeTable({ format }: TableListing, session: Session): Promise<string> {
  const { ipvs } = session.kernel
  const [info, snapshot] = await Promise.all([ipvs.info(), ipvs.snapshot()])
  const table = [...snapshot]
  return formatTable(table, { ...format, info, names: await namesFor(table, format.numeric, session) })
}

async function oneService({ format }: TableListing, key: ServiceKey, session: Session): Promise<string> {
  const service = await session.kernel.ipvs.service(key)
  if (service === undefined) throw new DirectorError('no such service', { code: 'ESRCH', errno: 3 })
  const table = [{ ...service, servers: await session.kernel.ipvs.servers(key) }]
  return formatTable(table, { ...format, names: await namesFor(table, format.numeric, session) })
}

async function namesFor(
  table: readonly ServiceWithServers[],
  numeric: boolean,
  session: Session,
): Promise<NumbersToNames> {
  if (numeric) return noNames
  const services = table.flatMap((service) => ('address' in service ? [service.address] : []))
  const servers = table.flatMap((service) => service.servers.map(({ address }) => address))
  return session.names.naming([...services, ...servers])
}

/** Older kernels tell only the first two. */
function daemonLine({
  state,
  interface: device,
  syncId,
  maxLength,
  group,
  port,
  ttl,
}: SyncDaemonState): string {
  const rest = [
    maxLength > 0 && `, maxlen=${maxLength}`,
    group !== '' && `, group=${group}`,
    port > 0 && `, port=${port}`,
    ttl > 0 && `, ttl=${ttl}`,
  ].filter((text) => typeof text === 'string')
  return `${state} sync daemon (mcast=${device}, syncid=${syncId}${rest.join('')})\n`
}
