/**
 * The fault in the middle of every client's test: the leader is killed, and is started again at the end of
 * the test.
 */
import { expect } from 'vitest'
import { allServe, leaderOf, type TestEnsemble, type TestMember } from '../../support/ensembles.ts'
import type { LineProgram } from '../../support/programs.ts'

export class LeaderKill implements AsyncDisposable {
  readonly killed: TestMember
  readonly #ensemble: TestEnsemble
  #restored = false

  private constructor(ensemble: TestEnsemble, killed: TestMember) {
    this.#ensemble = ensemble
    this.killed = killed
  }

  /** Kills the leader; resolves when another member leads and serves. */
  static async of(ensemble: TestEnsemble): Promise<LeaderKill> {
    const killed = await leaderOf(ensemble)
    await ensemble.kill(killed.id)
    const kill = new LeaderKill(ensemble, killed)
    expect((await leaderOf(ensemble)).id).not.toBe(killed.id)
    return kill
  }

  /** Kills the leader once every program asks for it, and then lets the programs continue. */
  static async amid(ensemble: TestEnsemble, ...programs: LineProgram[]): Promise<LeaderKill> {
    for (const program of programs) await program.step('kill the leader')
    const kill = await LeaderKill.of(ensemble)
    for (const program of programs) program.go()
    return kill
  }

  /** Starts the killed member; resolves when it follows. */
  async restore(): Promise<void> {
    if (this.#restored) return
    this.#restored = true
    await this.#ensemble.start(this.killed.id)
    await allServe([this.killed])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.restore()
  }
}
