/** `-h` and `-v`: our own words, since they speak of this program. */

/** The release whose command line this is. */
const spokenVersion = '1.31'

const usage = [
  [
    '-A|-E SERVICE [-s SCHEDULER] [-b FLAGS] [-p [SECONDS]] [-M MASK] [--pe ENGINE] [-o]',
    'add or edit a service',
  ],
  ['-D SERVICE', 'remove a service and its servers'],
  ['-a|-e SERVICE -r SERVER [-g|-i|-m] [-w WEIGHT] [-x UPPER] [-y LOWER] [TUNNEL]', 'add or edit a server'],
  ['-d SERVICE -r SERVER', 'remove a server'],
  ['-C', 'remove everything'],
  ['-L|-l [SERVICE] [COLUMNS] [-n] [--exact] [--nosort]', 'show the table, or one service'],
  ['-L -c [-n] [--persistent-conn]', 'show the connections'],
  ['-L --timeout | -L --daemon', 'show the timeouts or the synchronisation daemons'],
  ['-Z [SERVICE]', 'set counters to zero'],
  ['-S [-n]', 'write the table as lines that -R reads'],
  ['-R', 'carry out the lines of standard input'],
  ['--set TCP TCPFIN UDP', 'set the timeouts, in seconds; 0 keeps one'],
  ['--start-daemon master|backup [DAEMON]', 'start a synchronisation daemon'],
  ['--stop-daemon master|backup [--syncid ID]', 'stop it'],
] as const

const words = [
  ['SERVICE', '-t HOST:PORT (TCP), -u HOST:PORT (UDP), --sctp-service HOST:PORT, or -f MARK [-6]'],
  ['SERVER', "HOST[:PORT]; the port is the service's unless -m"],
  ['-g, -i, -m', 'direct routing (the default), tunnel, masquerading'],
  ['TUNNEL', '--tun-type ipip|gue|gre, --tun-port PORT, --tun-nocsum, --tun-csum, --tun-remcsum'],
  ['FLAGS', 'sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, separated by commas'],
  ['COLUMNS', '--stats, --rate, --thresholds, --persistent-conn, --tun-info'],
  ['DAEMON', '--mcast-interface, --mcast-group, --mcast-port, --mcast-ttl, --sync-maxlen, --syncid'],
] as const

export function helpText(program: string): string {
  const commands = usage.flatMap(([form, purpose]) => [`  ${program} ${form}`, `      ${purpose}`])
  const terms = words.map(([word, meaning]) => `  ${word.padEnd(11)} ${meaning}`)
  const lines = [versionLine(), 'Usage:', ...commands, '', ...terms, '', 'See ipvsadm(8) for every option.']
  return lines.map((line) => `${line}\n`).join('')
}

export function versionText(): string {
  return `${versionLine()}\n`
}

function versionLine(): string {
  return `ipvsadm v${spokenVersion} as spoken by ipvs-director`
}
