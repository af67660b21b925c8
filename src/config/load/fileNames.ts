/**
 * The names that a member with reconfigEnabled gives to files beside its zoo.cfg (QuorumPeerConfig's own). `down --volumes`
 * removes what is named here and nothing else: a new kind of file is declared here first.
 */
import { basename } from 'node:path'

/** The server list that was proposed last. */
export function nextFile(file: string): string {
  return `${file}.dynamic.next`
}

/** The server list of a version in force. */
export function dynamicFile(file: string, version: number): string {
  return `${file}.dynamic.${version.toString(16)}`
}

/** zoo.cfg as it was before it named a dynamic file. */
export function backupFile(file: string): string {
  return `${file}.bak`
}

/** Any of them until it is whole. */
export function unfinishedFile(file: string): string {
  return `${file}.tmp`
}

/** Whether the member of the zoo.cfg `file` gives this name to a file beside it. */
export function isBesideConfig(file: string, name: string): boolean {
  const own = basename(file)
  return name.startsWith(own) && BESIDE.test(name.slice(own.length))
}

const BESIDE = /^(\.bak|\.dynamic\.(next|[0-9a-f]+))?(\.tmp)?$/
