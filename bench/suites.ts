/** The suites by name. Loaded on demand: a driver's process reads only what it needs. */
import type { Suite } from './suite.js'

export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  conntrack: async () => (await import('./conntrack/suite.js')).conntrackSuite,
  ipvs: async () => (await import('./ipvs/suite.js')).ipvsSuite,
  director: async () => (await import('./director/suite.js')).directorSuite,
  sets: async () => (await import('./sets/suite.js')).setsSuite,
}
