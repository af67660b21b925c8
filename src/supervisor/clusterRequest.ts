/** What an `up` asks for. */
import type { Engine } from '../host/host.ts'

/**
 * What `--engine` says: `all` for every member that `members` does not name. Null: as it was, or else ours.
 */
export interface EngineChoice {
  all: Engine | null
  members: Record<number, Engine>
}

/** Plain data: it crosses to the background process, and is kept in the cluster's folder. */
export interface ClusterRequest {
  /**
   * The voting ones. Null with files, and when nothing was named: then what the folder holds, or else three.
   */
  members: number | null
  /** Absolute; zoo.cfg files and folders of them. */
  files: string[]
  /** Absolute. */
  dir: string
  name: string | null
  basePort: number | null
  autoPorts: boolean
  /** In addition to `members`. */
  observers: number
  settings: Record<string, string>
  isolation: 'thread' | 'process'
  /** Null or absent: each member as it was run last, or else by ours. */
  engines?: EngineChoice | null
  /** Absolute. Null or absent: as last time, or else where Apache ZooKeeper usually is. */
  apacheHome?: string | null
}

/** Of an `up` that names nothing, in a folder that holds nothing. */
export const USUAL_MEMBERS = 3

/** An `up` that names nothing asks for what the folder holds, if `up` has made that. */
export function completed(request: ClusterRequest, before: ClusterRequest | null): ClusterRequest {
  const asksNothing =
    request.files.length === 0 &&
    request.members === null &&
    request.basePort === null &&
    !request.autoPorts &&
    request.observers === 0 &&
    isEmpty(request.settings)
  if (!asksNothing || before === null || before.files.length > 0) return request
  const { members, basePort, autoPorts, observers, settings } = before
  return { ...request, members, basePort, autoPorts, observers, settings }
}

function isEmpty(settings: Record<string, string>): boolean {
  return Object.keys(settings).length === 0
}
