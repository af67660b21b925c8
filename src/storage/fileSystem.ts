/**
 * The file operations that storage is made of, as an interface, so that tests can insert a disk that fails or
 * stops at any of them. All but `syncLater` are synchronous: one append and one fdatasync a turn are faster
 * this way than through the thread pool, and the event loop has nothing better to do while a batch becomes
 * durable.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'

export type FileDescriptor = number

export interface FileSystem {
  /**
   * `read` and `edit`: the file must exist; `create`: it must not exist; `replace`: it is emptied if it
   * exists.
   */
  open(path: string, mode: 'read' | 'create' | 'replace' | 'edit'): FileDescriptor
  close(fd: FileDescriptor): void
  /** Returns the number of bytes read, which is less than the buffer holds only at the end of the file. */
  read(fd: FileDescriptor, into: Buffer, position: number): number
  /** Writes everything or throws. */
  write(fd: FileDescriptor, bytes: Buffer, position: number): void
  size(fd: FileDescriptor): number
  /** Cuts the file, or extends it with zeros. */
  resize(fd: FileDescriptor, size: number): void
  /** fdatasync: syncs the data, and the metadata that is needed to read it back. */
  syncData(fd: FileDescriptor): void
  sync(fd: FileDescriptor): void
  /** fsync outside this thread. */
  syncLater(fd: FileDescriptor): Promise<void>
  /** Makes the creations, renames and removals in a directory durable. */
  syncDirectory(path: string): void
  rename(from: string, to: string): void
  remove(path: string): void
  makeDirectories(path: string): void
  list(path: string): string[]
  exists(path: string): boolean
  /** Size in bytes and whether it is a directory. */
  stat(path: string): { size: number; isDirectory: boolean }
  readAll(path: string): Buffer
}

const FLAGS = { read: 'r', create: 'wx', replace: 'w', edit: 'r+' } as const

export const nodeFileSystem: FileSystem = {
  open: (path, mode) => openSync(path, FLAGS[mode], 0o644),
  close: (fd) => closeSync(fd),
  read(fd, into, position) {
    let done = 0
    while (done < into.length) {
      const count = readSync(fd, into, done, into.length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  },
  write(fd, bytes, position) {
    for (let done = 0; done < bytes.length; )
      done += writeSync(fd, bytes, done, bytes.length - done, position + done)
  },
  size: (fd) => fstatSync(fd).size,
  resize: (fd, size) => ftruncateSync(fd, size),
  syncData: (fd) => fdatasyncSync(fd),
  sync: (fd) => fsyncSync(fd),
  syncLater: (fd) =>
    new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve()))),
  syncDirectory(path) {
    // Windows can neither open nor sync a directory; NTFS journals names itself.
    if (process.platform === 'win32') return
    const fd = openSync(path, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  },
  rename: (from, to) => renameSync(from, to),
  remove: (path) => unlinkSync(path),
  makeDirectories: (path) => {
    mkdirSync(path, { recursive: true })
  },
  list: (path) => readdirSync(path),
  exists: (path) => existsSync(path),
  stat(path) {
    const stats = statSync(path)
    return { size: stats.size, isDirectory: stats.isDirectory() }
  },
  readAll: (path) => readFileSync(path),
}
