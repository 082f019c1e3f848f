/**
 * The import direction as ESLint rules: `cli → director → {ipvs, ipset, conntrack, link, iptables} → kernel → native`.
 * lib/kernel.ts and lib/batch.ts are the exceptions that put the rooms together, lib/index.ts the one that shows
 * everything.
 */
const rooms = ['ipvs', 'ipset', 'conntrack', 'link', 'iptables']

/** For each folder of lib/: the folders that it must not know. */
const unknownTo = {
  sources: ['cli', 'lab'],
  director: ['cli', 'lab', 'sources'],
  lab: ['cli', 'director', 'sources'],
  ...Object.fromEntries(
    rooms.map((room) => [
      room,
      ['cli', 'lab', 'sources', 'director', ...rooms.filter((other) => other !== room)],
    ]),
  ),
}

function forbid(files, importPrefix, folders, ignores = []) {
  const pattern = {
    regex: `^${importPrefix}(${folders.join('|')})(/|\\.js$)`,
    message:
      'Imports point down only: cli → director → {ipvs, ipset, conntrack, link, iptables} → kernel → native.',
  }
  return {
    files,
    ignores,
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [pattern] }] },
  }
}

export const layering = [
  ...Object.entries(unknownTo).map(([folder, folders]) =>
    forbid([`lib/${folder}/**`], '(\\.\\./)+', folders),
  ),
  forbid(
    ['lib/*.ts'],
    '\\./',
    ['cli', 'lab', 'sources', 'director', ...rooms],
    ['lib/index.ts', 'lib/kernel.ts', 'lib/batch.ts'],
  ),
  forbid(['lib/kernel.ts', 'lib/batch.ts'], '\\./', ['cli', 'lab', 'sources', 'director']),
  forbid(['lib/index.ts'], '\\./', ['cli']),
]
