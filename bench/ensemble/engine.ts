/**
 * What the benchmark needs from an ensemble of either engine. Every engine runs its members outside the
 * benchmark's own process, so that neither the load nor the probes share an event loop with what is measured.
 */

export type EngineName = 'apache' | 'zk-pseudo'

/** Additional lines for every member's zoo.cfg. */
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
  /**
   * Ends the member abruptly. The promise resolves once the member is gone; the kill itself is issued in this
   * turn of the event loop.
   */
  kill(id: number): Promise<void>
  /** Starts a killed member again; does not wait until it serves. */
  restart(id: number): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  /** How the engine is run, for the report. */
  readonly description: string
  /** Why the engine cannot run on this machine; undefined when it can. */
  unavailable(): string | undefined
  /** Starts `members` participants that keep their data under `dir`, which exists and is empty. */
  start(members: number, dir: string, set?: ZooCfg): Promise<RunningEngine>
}
