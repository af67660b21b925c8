/** Files that are only read, from memory. */
import type { FileSystem } from '../../src/storage/fileSystem.ts'

function refused(): never {
  throw new Error('reading must not change files')
}

/** `files` by path; every path is in one of the listed directories. */
export function memoryFiles(files: Readonly<Record<string, Buffer>>): FileSystem {
  const opened: Buffer[] = []
  const contentOf = (path: string): Buffer => {
    const bytes = files[path]
    if (bytes === undefined) throw new Error(`no such file: ${path}`)
    return bytes
  }
  const at = (fd: number): Buffer => opened[fd] as Buffer
  return {
    open(path, mode) {
      if (mode !== 'read') refused()
      return opened.push(contentOf(path)) - 1
    },
    close: () => {},
    read: (fd, into, position) => at(fd).subarray(position).copy(into),
    size: (fd) => at(fd).length,
    list: (dir) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${dir}/`))
        .map((path) => path.slice(dir.length + 1)),
    exists: (path) => files[path] !== undefined,
    stat: (path) => ({ size: contentOf(path).length, isDirectory: false }),
    readAll: (path) => contentOf(path),
    write: refused,
    resize: refused,
    syncData: refused,
    sync: refused,
    syncLater: refused,
    syncDirectory: refused,
    rename: refused,
    remove: refused,
    makeDirectories: refused,
  }
}
