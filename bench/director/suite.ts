/**
 * The director: from objects to a programmed kernel and back, against kube-proxy's way of a full pass, and against the
 * same work without a director.
 */
import { InvalidArgumentError } from '../../lib/index.js'
import type { Driver, Measurement, Suite } from '../suite.js'
import { fullColdStart, fullPass } from './full-pass.js'
import { coldStart, oneEndpoint, oneEndpointInMemory, oneService, resync, thousandChanges } from './ours.js'
import { removePlaces } from './place.js'
import { rawBatch, rawDump } from './raw.js'
import type { ClusterSize } from './wishes.js'

/** 10.96.0.0/11 has room for a million services, 10.128.0.0/9 for their endpoints in a few generations. */
export function parseSize(size: string): ClusterSize {
  const [, services, endpoints] = /^([1-9]\d{0,4})x([1-9]\d?)$/.exec(size) ?? []
  if (services === undefined || endpoints === undefined) {
    throw new InvalidArgumentError('size', size, 'services x endpoints, such as 10000x10')
  }
  return { services: Number(services), endpoints: Number(endpoints) }
}

function driver(name: string, measure: (size: ClusterSize) => Promise<Measurement>): Driver {
  return { name, measure: ({ size }) => measure(parseSize(size)) }
}

/** The same endpoints a service, with fewer services: one change must cost the same. */
function among(most: number, name: string, measure: (size: ClusterSize) => Promise<Measurement>): Driver {
  return {
    name: `${name}-among-${most}`,
    async measure({ size }) {
      const { services: all, endpoints } = parseSize(size)
      const services = Math.min(most, all)
      return { ...(await measure({ services, endpoints })), size: `${services}x${endpoints}` }
    },
  }
}

export const directorSuite: Suite = {
  name: 'director',
  defaultSize: '10000x10',
  checkSize: parseSize,
  guest: 'qemu',
  rows: [
    {
      name: 'cold-start',
      drivers: [driver('ours', coldStart), driver('raw-batch', rawBatch), driver('full-pass', fullColdStart)],
    },
    {
      name: 'one-endpoint',
      drivers: [
        driver('ours', oneEndpoint),
        among(1000, 'ours', oneEndpoint),
        among(100, 'ours', oneEndpoint),
        driver('ours-in-memory', oneEndpointInMemory),
        among(100, 'ours-in-memory', oneEndpointInMemory),
        driver('full-pass', fullPass(1)),
      ],
    },
    { name: 'one-service', drivers: [driver('ours', oneService), driver('full-pass', fullPass(0, 1))] },
    {
      name: 'thousand-changes',
      drivers: [driver('ours', thousandChanges), driver('full-pass', fullPass(1000))],
    },
    {
      name: 'resync',
      drivers: [driver('ours', resync), driver('raw-dump', rawDump), driver('full-pass', fullPass(0))],
    },
  ],
  ratios: [
    { name: 'cold-start', of: 'ours', to: 'raw-batch' },
    { name: 'cold-start', of: 'full-pass', to: 'ours' },
    { name: 'one-endpoint', of: 'full-pass', to: 'ours' },
    { name: 'one-endpoint', figure: 'cpuMsMedian', of: 'ours', to: 'ours-among-1000' },
    { name: 'one-endpoint', figure: 'cpuMsMedian', of: 'ours', to: 'ours-among-100' },
    {
      name: 'one-endpoint',
      figure: 'cpuMsMedian',
      of: 'ours-in-memory',
      to: 'ours-in-memory-among-100',
    },
    { name: 'one-service', of: 'full-pass', to: 'ours' },
    { name: 'thousand-changes', of: 'full-pass', to: 'ours' },
    { name: 'resync', of: 'ours', to: 'raw-dump' },
    { name: 'resync', of: 'full-pass', to: 'ours' },
  ],
  cleanUp: async () => removePlaces(),
}
