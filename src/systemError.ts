/**
 * Explains errors of the system, such as a file that may not be written, a full disk or too many open files.
 * They are not faults of the code, so they are reported as a sentence with the path and a hint what to do.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'

interface SystemTrouble {
  /** The system's own name for the error, such as `EACCES`. */
  readonly code: string
  readonly message: string
  /** What to do next. */
  readonly hint: string
}

interface SystemError {
  readonly code: string
  readonly syscall: string
  readonly path?: string
  readonly dest?: string
  /** The address of a socket; for a Unix socket, its path. */
  readonly address?: string
  readonly port?: number
}

const FREE_SPACE = 'make room on that disk, or use a folder on another one'
const OTHER_FOLDER = 'use another folder: --dir, or dataDir and dataLogDir in config files'

/** What each code means, and what can be done about it. */
const MEANINGS: Readonly<Record<string, readonly [means: string, hint: string]>> = {
  EACCES: ['permission denied', `let this user write there (ls -ld shows who may), or ${OTHER_FOLDER}`],
  EPERM: ['the system does not permit it', `it may belong to another user: ${OTHER_FOLDER}`],
  EROFS: ['the file system is read-only', `mount it writable, or ${OTHER_FOLDER}`],
  ENOSPC: ['no space is left on the disk', `${FREE_SPACE} (df -h and df -i show what is left)`],
  EDQUOT: ['the disk quota is used up', `${FREE_SPACE} (quota -s shows what is left)`],
  EFBIG: ['the file would be larger than allowed', 'raise the limit of this shell: ulimit -f unlimited'],
  EMFILE: [
    'this process may open no more files',
    'raise the limit of this shell: ulimit -n 4096 (it is now what ulimit -n says)',
  ],
  ENFILE: ['the whole system has no more open files to give', 'end programs that hold many files open'],
  ENOMEM: ['no memory is left', 'end programs that use much of it'],
  EAGAIN: [
    'the system gives no more processes or threads',
    'raise the limit of this shell (ulimit -u), or end programs',
  ],
  ENOENT: ['there is no such file or folder', 'make it, or name another one'],
  ENAMETOOLONG: ['the name is too long', 'use a folder with a shorter path: --dir FOLDER'],
  EISDIR: ['it is a folder, not a file', 'move it out of the way, or take another folder'],
  ENOTDIR: [
    'a part of the path is a file, not a folder',
    'move that file out of the way, or name another folder',
  ],
  EEXIST: ['something with this name is there already', 'move it out of the way, or take another folder'],
  ENOTEMPTY: ['the folder is not empty', 'look what else is in it'],
  ELOOP: ['its symbolic links lead in a circle', 'mend the links, or name another folder'],
  EBUSY: ['it is in use', 'end what uses it, and try again'],
  ETXTBSY: ['it is in use', 'end what uses it, and try again'],
  EXDEV: ['it lies on another disk', 'keep both on one disk'],
  EADDRNOTAVAIL: [
    'this machine has no such address',
    'name one that it has, 127.0.0.1 for instance (ip addr shows them)',
  ],
  EIO: ['the disk fails', 'look into the system log (dmesg), and take another disk'],
}

/** What was tried, by the system call that failed. */
const DEEDS: Readonly<Record<string, string>> = {
  open: 'open',
  mkdir: 'make the folder',
  mkdtemp: 'make a temporary folder',
  write: 'write',
  ftruncate: 'write',
  fsync: 'write',
  fdatasync: 'write',
  rename: 'rename',
  unlink: 'remove',
  rm: 'remove',
  rmdir: 'remove the folder',
  read: 'read',
  scandir: 'read the folder',
  readlink: 'read',
  stat: 'look at',
  lstat: 'look at',
  access: 'look at',
  realpath: 'look at',
  chmod: 'restrict access to',
  copyfile: 'copy',
  link: 'link',
  symlink: 'link',
  listen: 'listen on',
  bind: 'listen on',
  connect: 'connect to',
  uv_cwd: 'find out the current folder',
}

/** How Node reports that a worker thread could not be created. */
const THREAD_FAILURE = /^Worker initialization failure: (E\w+)$/

function asSystemError(thrown: unknown): SystemError | null {
  if (!(thrown instanceof Error)) return null
  const { code, syscall } = thrown as Partial<SystemError>
  if (typeof code === 'string' && typeof syscall === 'string') return thrown as Error & SystemError
  const [, reason] = THREAD_FAILURE.exec(thrown.message) ?? []
  return reason === undefined ? null : { code: reason, syscall: 'spawn', path: 'a thread' }
}

/**
 * The code of an error. When Node cannot make a folder with all its parents it reports ENOENT, whatever the
 * reason was; the real code is that of an access to the last folder that exists.
 */
function codeOf({ code, syscall, path }: SystemError): string {
  if (code !== 'ENOENT' || syscall !== 'mkdir' || path === undefined) return code
  let parent = dirname(path)
  while (!existsSync(parent) && dirname(parent) !== parent) parent = dirname(parent)
  try {
    accessSync(parent, constants.W_OK)
    return code
  } catch (error) {
    return (error as SystemError).code
  }
}

/**
 * Explains a system error. Null for every other error, and for ports that are not available, where it must be
 * found out which process has them.
 * @param where the path to name when the system does not name one: a failed write knows only its descriptor
 */
export function systemTrouble(thrown: unknown, where: string | null = null): SystemTrouble | null {
  const error = asSystemError(thrown)
  if (error === null) return null
  const code = codeOf(error)
  const meaning = MEANINGS[code]
  const isPort = error.port !== undefined && error.port >= 0
  if (meaning === undefined || (isPort && code === 'EACCES')) return null
  const [means, hint] = meaning
  const message = `cannot ${deedOf(error, where)}: ${means}`
  return { code, message, hint: error.syscall === 'uv_cwd' ? 'change to a folder that exists: cd' : hint }
}

function deedOf({ syscall, path, dest, address, port }: SystemError, where: string | null): string {
  const [call = ''] = syscall.split(' ')
  const deed = call === 'spawn' ? 'start' : (DEEDS[call] ?? `do "${call}" with`)
  const socket = address !== undefined && port !== undefined && port >= 0 ? `${address}:${port}` : address
  const named = path ?? socket ?? where ?? ''
  return [deed, named, dest === undefined ? '' : `to ${dest}`].filter((part) => part !== '').join(' ')
}
