/**
 * What the benchmark needs of an ensemble, whoever made it. Every engine runs its members outside the
 * benchmark's own process, so that neither the load nor the probes share a loop with what is measured.
 */

export type EngineName = 'apache' | 'zk-pseudo'

/** More lines of every member's zoo.cfg. */
export type ZooCfg = Readonly<Record<string, string>>

export interface EngineMember {
  readonly id: number
  readonly clientPort: number
  readonly dataDir: string
}

/** An ensemble that has been started; it may still be electing. */
export interface RunningEngine extends AsyncDisposable {
  readonly members: readonly EngineMember[]
  /** Every process the engine consists of, supervisors included. */
  pids(): number[]
  /** Ends the member abruptly. Resolves once it is gone; the end itself begins in this turn. */
  kill(id: number): Promise<void>
  /** Brings a killed member back; does not wait until it serves. */
  restart(id: number): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  /** How it is run, for the report. */
  readonly description: string
  /** Why it cannot run on this machine; undefined when it can. */
  unavailable(): string | undefined
  /** Starts `members` participants that keep their data under `dir`, which exists and is empty. */
  start(members: number, dir: string, set?: ZooCfg): Promise<RunningEngine>
}
