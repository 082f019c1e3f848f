/** The command line of a QEMU guest. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { channels, type BootPlan } from '../boot-plan.js'
import { LabError } from '../errors.js'
import type { LabRequest } from '../options.js'
import type { RunFolder } from '../run-folder.js'
import { type Emulator, findEmulator } from './emulators.js'
import { fileServers, findQemuKernel } from './kernels.js'

export async function qemuPlan(request: LabRequest, folder: RunFolder): Promise<BootPlan> {
  const kernel = findQemuKernel(request.kernel)
  const emulator = await findEmulator()
  const fileServer = fileServers.find((file) => existsSync(file))
  if (fileServer === undefined) {
    throw new LabError('virtiofsd is not installed', {
      code: 'ERR_LAB_PROGRAM_MISSING',
      tried: fileServers,
      remedy: 'run: apt-get install --no-install-recommends qemu-system-x86 qemu-system-common',
    })
  }
  if (process.getuid?.() !== 0) {
    throw new LabError('the qemu backend needs root: its file server does', {
      code: 'ERR_LAB_PROGRAM_MISSING',
      remedy: 'run it as root, or use the uml backend',
    })
  }
  const socket = folder.file('host.sock')
  return {
    program: emulator.program,
    args: qemuArguments(request, folder.path, kernel.folder, socket, emulator),
    env: {},
    helpers: [{ program: fileServer, args: fileServerArguments(socket), socket }],
    hints: `the kernel was ${join(kernel.folder, 'vmlinuz')}, on QEMU ${emulator.version}`,
  }
}

function fileServerArguments(socket: string): string[] {
  // The host's files do not change behind the guest's back, but for the few that it writes itself.
  const options = ['source=/', 'cache=always', 'sandbox=chroot', 'no_posix_lock']
  return [`--socket-path=${socket}`, ...options.flatMap((option) => ['-o', option])]
}

export function qemuArguments(
  request: LabRequest,
  runFolder: string,
  kernel: string,
  socket: string,
  { threads, firmware }: Emulator,
): string[] {
  const mebibytes = Math.ceil(request.memoryBytes / 2 ** 20)
  const commandLine = [
    'console=ttyS0 loglevel=4 panic=-1 mitigations=off rdinit=/init',
    `-- ${runFolder} ${join(kernel, 'lib/modules')} qemu`,
  ]
  return [
    ...firmware.flatMap((path) => ['-L', path]),
    ...['-M', 'q35', '-accel', `tcg,thread=${threads}`],
    // QEMU 7.2 goes wrong at or after CMPXCHG16B, and Linux 6.12 panics early: hide the instruction.
    ...['-cpu', 'max,cx16=off'],
    ...['-smp', String(request.cpus ?? 2), '-m', `${mebibytes}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...[
      '-kernel',
      join(kernel, 'vmlinuz'),
      '-initrd',
      join(kernel, 'initramfs'),
      '-append',
      commandLine.join(' '),
    ],
    // virtiofs: the guest's memory is shared with the file server.
    ...[
      '-object',
      `memory-backend-memfd,id=memory,size=${mebibytes}M,share=on`,
      '-numa',
      'node,memdev=memory',
    ],
    ...['-chardev', `socket,id=files,path=${socket}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=host'],
    ...['-chardev', `socket,id=log,fd=${channels.kernelLog}`, '-serial', 'chardev:log'],
    ...['-device', 'virtio-serial-pci'],
    ...port('stdout', channels.stdout, request.terminal ? 'virtconsole' : 'virtserialport'),
    ...port('stderr', channels.stderr, 'virtserialport'),
    ...port('stdin', channels.input, 'virtserialport'),
  ]
}

/** A byte channel between a file descriptor and a device of the guest. */
function port(name: string, fd: number, device: 'virtserialport' | 'virtconsole'): string[] {
  return ['-chardev', `socket,id=${name},fd=${fd}`, '-device', `${device},chardev=${name},name=lab.${name}`]
}
