/**
 * Command lines that ipvsadm 1.31 refuses before it asks the kernel, with its words and the kind of refusal, as it
 * was seen to do. The lab's differential test runs the same lines through the real one.
 */
import type { CommandLineError } from '../../../lib/ipvs/ipvsadm/errors.js'

export interface Refusal {
  readonly words: readonly string[]
  readonly kind: CommandLineError['kind']
  /** Absent for `no-command`: ipvsadm then prints where its help is. */
  readonly message?: string
}

function refused(line: string, message: string): Refusal {
  return { words: words(line), kind: 'refused', message }
}

function badOption(line: string, message: string): Refusal {
  return { words: words(line), kind: 'bad-option', message }
}

function noCommand(line: string): Refusal {
  return { words: words(line), kind: 'no-command' }
}

/** Blanks set words apart; `''` is the empty word. */
function words(line: string): string[] {
  return line.split(' ').map((word) => (word === "''" ? '' : word))
}

const service = '-A -t 10.0.0.1:80'
const server = '-a -t 10.0.0.1:80 -r 10.1.0.1'
const address = 'illegal virtual server address[:port] specified'
const serverAddress = 'illegal real server address[:port] specified'

export const refusals: readonly Refusal[] = [
  ...['foo', '-', '--', "''", '-q', '--bogus', '-n -L', '-p', '--list=', '--list=foo', '-L=', '-L=n'].map(
    noCommand,
  ),
  ...['--start-daemon', '-t 10.0.0.1:80 -A'].map(noCommand),

  badOption('-Lq', '-Lq: unknown option'),
  badOption('-L --bogus=3', '--bogus=3: unknown option'),
  badOption('-Ln --st', '--st: unknown option'),
  badOption('-L ---', '---: unknown option'),
  badOption('-L --=x', '--=x: unknown option'),
  badOption('-L -t', '-t: missing argument'),
  badOption('-L --tcp-service', '--tcp-service: missing argument'),
  badOption('-Ln=5', '-Ln=5: option does not take an argument'),
  badOption('-L -n==c', '-n==c: option does not take an argument'),
  badOption('-L --numeric=3', '--numeric=3: option does not take an argument'),
  badOption('-A -u 10.0.0.1:4 -o=p5', '-o=p5: option does not take an argument'),
  badOption(`${service} -p -5`, '-5: unknown option'),
  badOption('--set -1 1 1', '-1: unknown option'),
  badOption(`${server} -w`, '-w: missing argument'),

  refused('-L -A', "invalid option `-A'"),
  refused('-LA', "invalid option `-LA'"),
  refused('-L -list', "invalid option `-list'"),
  refused('-L --start-daemon master', "invalid option `master'"),
  refused('foo -L', 'unexpected argument foo'),
  refused('-Ln -', 'unexpected argument -'),
  refused('-Ln -- -c', 'unexpected argument -c'),
  refused('-L -- --', 'unexpected argument --'),
  refused("-L ''", 'unexpected argument '),
  refused(`${service} -p -`, 'unexpected argument -'),
  refused(`${service} --persistent -- 5`, 'unexpected argument 5'),

  refused('--set', '--set option requires 3 timeout values'),
  refused('--set 1 2', '--set option requires 3 timeout values'),
  refused('--set 1 2 3 4', 'unexpected argument 4'),
  refused('--set 1 2 x', "invalid timeout value `x' specified"),
  refused('--set 0x10 1 1', "invalid timeout value `0x10' specified"),
  refused('--set 2678401 1 1', "invalid timeout value `2678401' specified"),

  refused('-A', "You need to supply the 'service-address' option for the 'add-service' command"),
  refused('-D', "You need to supply the 'service-address' option for the 'delete-service' command"),
  refused('-a -t 10.0.0.1:80', "You need to supply the 'real-server' option for the 'add-server' command"),
  refused(
    '-a -r 10.0.0.1:80',
    "You need to supply the 'service-address' option for the 'add-server' command",
  ),
  refused(`${service} -w 5`, "Illegal 'weight' option with the 'add-service' command"),
  refused('-C -n', "Illegal 'numeric' option with the 'flush' command"),
  refused('-R -n', "Illegal 'numeric' option with the 'restore' command"),
  refused('-Sn -c', "Illegal 'connection' option with the 'save' command"),
  refused('-S -f 7', "Illegal 'service-address' option with the 'save' command"),
  refused('-L -s rr', "Illegal 'scheduler' option with the 'list' command"),
  refused('-list', "Illegal 'scheduler' option with the 'list' command"),
  refused(
    '--stop-daemon backup --mcast-interface lo',
    "Illegal 'mcast-interface' option with the 'stop-daemon' command",
  ),
  refused('--start-daemon master -n', "Illegal 'numeric' option with the 'start-daemon' command"),
  refused('-E -t 10.0.0.1:80 -r 10.1.0.1', "Illegal 'real-server' option with the 'edit-service' command"),
  refused('-Z -p 5', "Illegal 'persistent' option with the 'zero' command"),
  refused(
    '-L --timeout --daemon',
    "The option 'daemon' conflicts with the 'timeout' option in the 'list' command",
  ),
  refused(
    '-Ln -t 10.0.0.1:80 -c',
    "The option 'service-address' conflicts with the 'connection' option in the 'list' command",
  ),
  refused('-L --timeout --stats', 'options conflicts in the list command'),
  refused('-L --daemon --persistent-conn', 'options conflicts in the list command'),
  refused('-L -c --rate', 'options conflicts in the list command'),
  refused(`${service} -t 10.0.0.2:80`, "multiple 'service-address' options specified"),
  refused(`${service} -f 3`, "multiple 'service-address' options specified"),
  refused(`${service} -s rr -s rr`, "multiple 'scheduler' options specified"),
  refused(`${server} -i -m`, "multiple 'forwarding-method' options specified"),

  refused('-A -t 10.0.0.1', 'Zero port specified for non-persistent service'),
  refused('-A -t [10.0.0.1]:95', 'Zero port specified for non-persistent service'),
  refused(`${service} -o`, 'One-Packet Scheduling is only for UDP virtual services'),
  refused('-A -t 10.0.0.1:x', address),
  refused('-A -t [2001:db8::5] -p', address),
  refused('-A -t 80 -p', address),
  refused("-A -t ''", address),
  refused('-L -t=', address),
  refused('-L -t -n', address),
  refused('-A --sctp-service 10.0.0.1:domain', address),
  refused('-A -f 0', "invalid fwmark value `0' specified"),
  refused('-A -f -3', "invalid fwmark value `-3' specified"),
  refused('-A -f 3x', "invalid fwmark value `3x' specified"),
  refused('-A -f 4294967296', "invalid fwmark value `4294967296' specified"),
  refused('-Ln -6', '-6 used before -f\n'),
  refused('-Ln -6 -f 1', '-6 used before -f\n'),
  refused('-A -f 5 -p 0', "invalid timeout value `0' specified"),
  refused(`${service} -p 2678401`, "invalid timeout value `2678401' specified"),
  refused(`${service} -p=`, "invalid timeout value `' specified"),
  refused(`${service} -p ''`, "invalid timeout value `' specified"),
  refused(`${service} -p==5`, "invalid timeout value `=5' specified"),
  refused('-A -f 1 -p -M 08.1', 'illegal virtual server persistent mask specified'),
  refused("-A -f 1 -p -M ''", 'illegal virtual server persistent mask specified'),
  refused('-A -f 2 -p -M 255.255.255.255.', 'illegal virtual server persistent mask specified'),
  refused('-A -t [::1]:80 -M 129', 'illegal ipv6 netmask specified'),
  refused('-A -t [::1]:80 -M 0', 'illegal ipv6 netmask specified'),
  refused('-A -f 5 -b sh-port', "incompatible scheduler flag `sh-port'"),
  refused('-A -f 5 -b foo', "invalid scheduler flag `foo'"),
  refused('-A -f 5 -b =flag-1', "invalid scheduler flag `=flag-1'"),
  refused('-A -f 5 -s sh -b mh-port', "incompatible scheduler flag `mh-port'"),

  refused(`${server} -w 2147483648`, 'illegal weight specified'),
  refused(`${server} -w -1`, 'illegal weight specified'),
  refused(`${server} -x 2147483648`, 'illegal u_threshold specified'),
  refused(`${server} -y x`, 'illegal l_threshold specified'),
  refused(
    '-a -t 10.0.0.1:80 -r 2001:db8::9 -m',
    'Different address family is allowed only for tunneling servers',
  ),
  refused('-a -r 10.1.0.7:http -m -t 10.0.0.1:80', serverAddress),
  refused('-a -t 10.0.0.1:80 -r :80', serverAddress),
  refused('-a -t 10.0.0.1:80 -r 10.0.0.2: -m', serverAddress),
  refused('-a -t 10.0.0.1:80 -r [::1]: -i', serverAddress),
  refused('-a -t 10.0.0.1:80 -r [::1 -i', serverAddress),
  refused('-a -t 10.0.0.1:80 -r 10.0.0.256 -m', serverAddress),
  refused('-a -t 10.0.0.1:80 -r 10.0.0.4.5 -m', serverAddress),
  refused('-a -t 10.0.0.1:80 -r 10.0.0.9:65536 -m', serverAddress),
  refused(`${server} --tun-type gue`, 'Tunnel options conflict with forward method'),
  refused(`${server} -m --tun-csum`, 'Tunnel options conflict with forward method'),
  refused(`${server} -i --tun-type vxlan`, 'illegal tunnel type specified'),
  refused(`${server} -i --tun-type gue --tun-port 0`, 'illegal tunnel port specified'),
  refused(
    `${server} -i --tun-type gue`,
    "You need to supply the 'tun-port' option for the 'gue' tunnel type",
  ),
  refused(`${server} -i --tun-csum`, "Illegal 'tun-csum' option with the 'ipip' tunnel type"),
  refused(
    `${server} -i --tun-type gre --tun-remcsum`,
    "Illegal 'tun-remcsum' option with the 'gre' tunnel type",
  ),
  refused(
    `${server} -i --tun-type gue --tun-port 5 --tun-remcsum --tun-csum`,
    "The option 'tun-remcsum' conflicts with the 'tun-csum' option in the 'gue' tunnel type",
  ),

  refused('--start-daemon foo', 'illegal start-daemon parameter specified'),
  refused('--stop-daemon foo', 'illegal start_daemon specified'),
  refused('--start-daemon master --mcast-group 10.0.0.1', "invalid IPv4 mcast-group `10.0.0.1'"),
  refused('--start-daemon master --mcast-group 2001::1', "invalid IPv6 mcast-group `2001::1'"),
  refused('--start-daemon master --mcast-ttl 0', 'illegal mcast-ttl specified'),
  refused('--start-daemon master --mcast-port 0', 'illegal mcast-port specified'),
  refused('--start-daemon master --sync-maxlen 65508', 'illegal sync-maxlen specified'),
  refused('--start-daemon master --syncid 256', 'illegal syncid specified'),
]
