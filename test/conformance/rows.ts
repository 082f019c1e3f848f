/** All tables. */
import { clusterRows } from './rows-cluster.js'
import { endpointRows } from './rows-endpoints.js'
import { externalRows } from './rows-external.js'
import { forwardingRows } from './rows-forwarding.js'
import { nodePortRows } from './rows-node-port.js'
import { nodeRows } from './rows-node.js'
import { virtualRows } from './rows-virtual.js'
import type { Row } from './row.js'

export const rows: readonly Row[] = [
  ...clusterRows,
  ...endpointRows,
  ...nodePortRows,
  ...externalRows,
  ...forwardingRows,
  ...virtualRows,
  ...nodeRows,
]
