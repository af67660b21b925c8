/**
 * The names that a member with reconfigEnabled gives to files beside its zoo.cfg, which are those of
 * QuorumPeerConfig. `down --volumes` removes the files that are named here and no others, so a new kind of
 * file is declared here first.
 */
import { basename } from 'node:path'

/** The server list that was proposed last. */
export function nextFile(file: string): string {
  return `${file}.dynamic.next`
}

/** The server list that is, or was, in force with this version. */
export function dynamicFile(file: string, version: number): string {
  return `${file}.dynamic.${version.toString(16)}`
}

/** zoo.cfg as it was before it named a dynamic file. */
export function backupFile(file: string): string {
  return `${file}.bak`
}

/** Whether the member of the zoo.cfg `file` gives this name to a file beside it. */
export function isBesideConfig(file: string, name: string): boolean {
  const own = basename(file)
  return name.startsWith(own) && BESIDE.test(name.slice(own.length))
}

/** `.tmp` while the file is being written: UNFINISHED of storage/fileNames.ts. */
const BESIDE = /^(\.bak|\.dynamic\.(next|[0-9a-f]+))?(\.tmp)?$/
