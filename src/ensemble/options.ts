/** The options of the library. */
import type { Engine } from '../host/host.ts'

export interface EnsembleOptions {
  /** Voting members; 3 unless given. */
  members?: number
  /** Observers in addition. */
  observers?: number
  /**
   * `auto`: free ports, claimed for as long as the ensemble exists; a number: the first client port. Default
   * `auto`.
   */
  ports?: 'auto' | number
  /**
   * A folder for configs, data and logs, which is kept; `temp`: one that is removed at the end. Default
   * `temp`.
   */
  dir?: string
  name?: string
  /** Worker threads of this process (default), or a process for each member. */
  isolation?: 'thread' | 'process'
  /**
   * The engine of the members: `zk-pseudo` (default), `apache`, or an engine by id; a member without one is
   * ours.
   */
  engine?: Engine | Readonly<Record<number, Engine>>
  /** Where Apache ZooKeeper is; ZOOKEEPER_HOME or Debian's package unless given. */
  apacheHome?: string
  /** zoo.cfg settings for every member. */
  set?: Record<string, string>
  /** zoo.cfg files, or folders of them, instead of `members`, `observers`, `ports` and `set`. */
  configs?: string[]
  /** How long the ensemble may take to serve, ms; 30000 unless given. 0: do not wait. */
  waitTimeoutMs?: number
}

export interface ActionOptions {
  /** Wait until the ensemble has settled; true unless given. */
  wait?: boolean
  /** ms; 10000 unless given. */
  waitTimeoutMs?: number
}

export interface StartOptions extends ActionOptions {
  /**
   * Set the members' data aside (nothing is deleted; the verdict names the folders), and let the leader give
   * them everything.
   */
  resync?: boolean
}

export interface HandoverOptions {
  /** How long each member may take to be in sync, ms; 60000 unless given. */
  waitTimeoutMs?: number
  signal?: AbortSignal
}
