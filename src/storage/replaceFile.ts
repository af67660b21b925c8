import { UNFINISHED } from './fileNames.ts'
import type { FileSystem } from './fileSystem.ts'

/**
 * Replaces a file's content atomically. The file holds either its old or its new content, whatever happens:
 * the new content is written under another name, synced and renamed. The new name is durable once the
 * directory is synced, which is left to the caller: renames in one directory become durable in their order,
 * so one sync of the directory covers several files.
 */
export function replaceFile(files: FileSystem, path: string, content: Buffer): void {
  const temporary = path + UNFINISHED
  const fd = files.open(temporary, 'replace')
  try {
    files.write(fd, content, 0)
    files.sync(fd)
  } finally {
    files.close(fd)
  }
  files.rename(temporary, path)
}
