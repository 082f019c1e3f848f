/** ipvsadm's words for the errors of the kernel. */
import { DirectorError } from '../../errors.js'
import type { Command } from '../../ipvs/ipvsadm/command.js'

type Errno = string

const perOperation: Partial<Record<Command['operation'], Readonly<Record<Errno, string>>>> = {
  addService: {
    EEXIST: 'Service already exists',
    ENOENT: 'Scheduler or persistence engine not found',
  },
  updateService: {
    ESRCH: 'No such service',
    ENOENT: 'Scheduler or persistence engine not found',
  },
  removeService: { ESRCH: 'No such service' },
  zero: { ESRCH: 'No such service' },
  listTable: { ESRCH: 'No such service' },
  addServer: { ESRCH: 'Service not defined', EEXIST: 'Destination already exists' },
  updateServer: { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  removeServer: { ESRCH: 'Service not defined', ENOENT: 'No such destination' },
  startDaemon: { EEXIST: 'Daemon has already run' },
  stopDaemon: { ESRCH: 'No daemon is running' },
}

const general: Readonly<Record<Errno, string>> = {
  EPERM: 'Permission denied (you must be root)',
  EINVAL: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  ENOPROTOOPT: 'Protocol not available',
  ENOMEM: 'Memory allocation problem',
  EOPNOTSUPP: 'Operation not supported with IPv6',
  EAFNOSUPPORT: 'Operation not supported with specified address family',
  EMSGSIZE: 'Module is wrong version',
  // strerror(3) of the other errors that IPVS gives.
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  EBUSY: 'Device or resource busy',
  ERANGE: 'Numerical result out of range',
  ENETUNREACH: 'Network is unreachable',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAGAIN: 'Resource temporarily unavailable',
  ETIMEDOUT: 'Connection timed out',
}

export function messageOf(operation: Command['operation'], errno: Errno): string {
  return perOperation[operation]?.[errno] ?? general[errno] ?? `Unknown error ${errno}`
}

/** The errno of an answer of the kernel; undefined for errors of any other kind. */
export function kernelErrno(error: unknown): Errno | undefined {
  return DirectorError.is(error) && error.errno !== undefined ? error.code : undefined
}
