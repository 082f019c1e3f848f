/** A director over a plane in memory, for one test. */
import type { TestContext } from 'node:test'
import { Director, type DirectorSettings } from '../../lib/index.js'
import { MemoryPlane } from './memory-plane.js'

export interface Setup {
  plane: MemoryPlane
  director: Director
}

export function setUp(
  context: TestContext,
  settings: DirectorSettings = {},
  plane = new MemoryPlane(),
): Setup {
  // Every look and every retry is asked for by the test; timers would only make it wait.
  const director = new Director(plane, {
    nodeName: 'test-node',
    families: ['inet'],
    resyncSeconds: 3600,
    drainCheckSeconds: 3600,
    ...settings,
  })
  context.after(() => director.stop())
  return { plane, director }
}
