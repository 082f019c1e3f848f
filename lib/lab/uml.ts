/** The command line of a User-Mode Linux guest. */
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { channels, type BootPlan } from './boot-plan.js'
import { findUmlKernel } from './kernels.js'
import type { LabRequest } from './options.js'
import type { RunFolder } from './run-folder.js'
import { unpackedKernel } from './unpack.js'

export async function umlPlan(request: LabRequest, folder: RunFolder): Promise<BootPlan> {
  const kernel = await unpackedKernel(findUmlKernel(request.kernel))
  return {
    program: kernel.file,
    args: umlArguments(request, folder.path, kernel.modules),
    env: { TMPDIR: await memoryFolder(request.memoryBytes) },
    helpers: [],
    hints: `the kernel was ${kernel.file}; the machine must allow ptrace (containers: --cap-add SYS_PTRACE --security-opt seccomp=unconfined) and executable mappings of files in /dev/shm or TMPDIR`,
  }
}

/** Arguments of the kernel's executable. `con` are its consoles (input,output), named by file descriptor. */
export function umlArguments(request: LabRequest, runFolder: string, modules: string): string[] {
  // The launcher's end of a channel is a socket: what is typed comes back on the one that output leaves by.
  const keyboard = request.terminal ? `fd:${channels.stdout}` : 'null'
  return [
    `mem=${Math.ceil(request.memoryBytes / 1024)}K`,
    `uml_dir=${runFolder}/`,
    'umid=guest',
    ...(request.cpus === undefined ? [] : [`ncpus=${request.cpus}`]),
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    'con=null',
    `con0=${keyboard},fd:${channels.stdout}`,
    `con1=null,fd:${channels.stderr}`,
    `con2=null,fd:${channels.kernelLog}`,
    `con3=fd:${channels.input},null`,
    'console=tty2',
    'loglevel=4',
    'panic=-1',
    // Linux 6.16 and newer, much faster than ptrace; older kernels hand the word to init, which throws it away.
    'seccomp=auto',
    `init=${runFolder}/init`,
    '--',
    runFolder,
    modules,
    'uml',
  ]
}

/**
 * Where UML keeps the guest's memory: shared memory, or the temporary folder where that is too small.
 * UML finds the top of its address space by the last variable of its environment, and 7.2 crashes with an
 * empty one (and with PATH alone): TMPDIR, given always, is also that variable.
 */
async function memoryFolder(bytes: number): Promise<string> {
  try {
    const { bavail, bsize } = await statfs('/dev/shm')
    return bavail * bsize >= bytes ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}
