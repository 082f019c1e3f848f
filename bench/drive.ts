/** One measurement in a process of its own: `drive.js SUITE ROW DRIVER SIZE OPTIONS-JSON`. Prints it as one line of JSON. */
import { argv, resourceUsage, stdout } from 'node:process'

import { suites } from './suites.js'

async function main(): Promise<void> {
  const [suiteName = '', rowName, driverName, size = '', options = '{}'] = argv.slice(2)
  const suite = await suites[suiteName]?.()
  const row = suite?.rows.find(({ name }) => name === rowName)
  const driver = row?.drivers.find(({ name }) => name === driverName)
  if (driver === undefined) throw new Error(`no driver ${suiteName}/${rowName}/${driverName}`)
  const measured = await driver.measure({ size, options: JSON.parse(options) as Record<string, string> })
  const peakRssMiB = measured.peakRssMiB ?? resourceUsage().maxRSS / 1024
  stdout.write(`${JSON.stringify({ ...measured, peakRssMiB })}\n`)
}

void main()
