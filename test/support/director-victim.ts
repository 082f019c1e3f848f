/** A process to be killed: programs one set of services and then another, over and over. */
import { Director, openKernel } from '../../lib/index.js'
import { service, slice } from '../conformance/row.js'

const services = 40

/** Two quite different wishes over the same names. */
export function wish(director: Director, variant: number): void {
  for (let index = 1; index <= services; index++) {
    const name = `svc${index}`
    const wanted = index % 3 !== variant
    if (!wanted) {
      director.removeService(`ns/${name}`)
      continue
    }
    const at = (last: number) => `10.180.${index}.${last + variant}`
    director.upsertService(
      service({
        name,
        clusterIP: `10.96.0.${index}`,
        externalIPs: [`198.51.100.${1 + (index % 5)}`],
        ports: [80, 1000 + index],
      }),
    )
    director.upsertEndpointSlice(
      slice([at(1), at(2), at(3)], {
        of: name,
        ports: [
          { name: 'p80', port: 80 },
          { name: `p${1000 + index}`, port: 81 },
        ],
      }),
    )
  }
}

async function main(): Promise<void> {
  const kernel = await openKernel()
  const director = new Director(kernel, { families: ['inet'], nodeName: 'test-node', drainTimeoutSeconds: 0 })
  process.send?.('ready')
  for (let variant = 0; ; variant = 1 - variant) {
    wish(director, variant)
    await director.sync()
  }
}

if (require.main === module) void main()
