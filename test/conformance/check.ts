/** Compares what a row expects with a picture of what is there. */
import assert from 'node:assert/strict'
import { expectedComment } from './comments.js'
import type { Picture, Row } from './row.js'

export function checkPicture(row: Row, actual: Picture): void {
  const { services, sets, setOptions, sysctls, addresses, chains } = row.expect
  for (const [name, options] of Object.entries(setOptions ?? {})) {
    assert.equal(actual.setOptions[name], options, `options of ${name}`)
  }
  if (sysctls !== undefined) assert.deepEqual(actual.sysctls, sysctls, 'settings')
  if (services !== undefined) assert.deepEqual(actual.services, services, 'virtual services')
  if (sets !== undefined) assert.deepEqual(actual.sets, sets, 'sets')
  if (addresses !== undefined) assert.deepEqual(actual.addresses, [...addresses].sort(), 'addresses')
  for (const [chain, rules] of Object.entries(chains ?? {})) {
    assert.deepEqual(actual.chains[chain], rules, chain)
  }
  for (const [chain, rules] of Object.entries(actual.chains)) {
    const comments = rules.map((rule) => expectedComment(chain, rule))
    assert.deepEqual(actual.comments[chain], comments, `comments of ${chain}`)
  }
}
