/** What an `up` command requests. */
import type { Engine } from '../host/host.ts'

/**
 * The value of `--engine`: `all` applies to every member that `members` does not name. If it is null, such a
 * member keeps its engine, or gets ours if it has none.
 */
export interface EngineChoice {
  all: Engine | null
  members: Record<number, Engine>
}

/** The request as plain data: it is sent to the background process and kept in the cluster's folder. */
export interface ClusterRequest {
  /**
   * The number of voting members. It is null if files are given, and also if nothing is named: then the
   * folder's cluster is meant, or three members if the folder holds none.
   */
  members: number | null
  /** Absolute paths of zoo.cfg files and of folders that hold such files. */
  files: string[]
  /** The absolute path of the cluster's folder. */
  dir: string
  name: string | null
  basePort: number | null
  autoPorts: boolean
  /** The number of observers, in addition to `members`. */
  observers: number
  settings: Record<string, string>
  isolation: 'thread' | 'process'
  /** If null or absent, each member keeps the engine that last ran it, or gets ours if none has. */
  engines?: EngineChoice | null
  /**
   * The absolute path of Apache ZooKeeper. If null or absent, it is the path of last time, or else where
   * Apache ZooKeeper usually is.
   */
  apacheHome?: string | null
}

/** The number of members for an `up` that names nothing, in a folder that holds no cluster. */
export const USUAL_MEMBERS = 3

/** An `up` that names nothing requests the cluster that the folder holds, if an earlier `up` generated it. */
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
