/** Without root: User-Mode Linux needs none. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import test from 'node:test'

const skip = process.getuid?.() === 0 ? false : 'only root can become somebody else'
const nobody = '65534'

test(
  'an ordinary user programs IPVS in a guest, and reads no more of the host than before',
  { skip },
  (context) => {
    const home = mkdtempSync(join(tmpdir(), 'lab-nobody-'))
    context.after(() => rmSync(home, { recursive: true }))
    const script =
      'id -u; cat /etc/shadow >/dev/null 2>&1 || echo unreadable; ipvsadm -A -t 10.0.0.1:80 -s rr; ipvsadm -Sn'
    const launcher = [process.execPath, resolve('dist/lib/cli/main.js'), 'lab', '--kernel', 'debian']
    const { status, stdout, stderr } = spawnSync(
      'setpriv',
      [
        '--reuid',
        nobody,
        '--regid',
        nobody,
        '--clear-groups',
        ...launcher,
        '--timeout',
        '120',
        '--',
        'sh',
        '-c',
        script,
      ],
      { encoding: 'utf8', cwd: '/', env: { PATH: process.env['PATH'], HOME: home } },
    )
    assert.equal(status, 0, stderr)
    assert.equal(stdout, '0\nunreadable\n-A -t 10.0.0.1:80 -s rr\n')
  },
)
