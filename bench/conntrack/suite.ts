/** conntrack: bursts of new flows at one listener; ours, conntrack(8)'s, and the limit in C. */
import type { Suite } from '../suite.js'
import { parseFlows } from './burst.js'
import { limitBurst, limitDrain, program } from './others.js'
import { blocked, drained, filterChange, filtered, ours } from './ours.js'

export const conntrackSuite: Suite = {
  name: 'conntrack',
  defaultSize: '300000',
  checkSize: parseFlows,
  guest: 'none',
  limits: ['conntrack'],
  rows: [
    {
      name: 'burst',
      drivers: [
        ours('ours-chunks'),
        ours('ours-objects', { objects: true }),
        ours('ours-chunks-blocked', blocked),
        ours('ours-ebpf', filtered),
        program('conntrack-e'),
        program('conntrack-e-64m', '-b', String(64 << 20)),
        limitBurst,
      ],
    },
    { name: 'drain', drivers: [ours('ours-drain', drained), limitDrain(100_000)] },
    { name: 'filter', drivers: [filterChange] },
  ],
  ratios: [
    { name: 'drain', of: 'ours-drain', to: 'limit-c', perOperation: true },
    { name: 'burst', of: 'ours-ebpf', to: 'ours-chunks', figure: 'cpuSeconds' },
  ],
}
