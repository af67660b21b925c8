/**
 * What a mixed ensemble is put through. A scenario reads like its title, starts from nothing in every arrangement, and fails by
 * throwing. What must be true at the end of all of them (equal trees, nobody crashed, logs that the faults explain) is
 * checked by whoever plays it: `Stage.finish`.
 */
import { join } from 'node:path'
import type { Arrangement } from './arrangement.ts'
import { MixedEnsemble, type MixedOptions } from './mixedEnsemble.ts'

export interface Scenario {
  /** The file's. */
  readonly name: string
  /** A line of the table, 58 characters at most. */
  readonly title: string
  /** The arrangements of the full run. */
  readonly where: readonly Arrangement[]
  /** Those of them that the core run plays, too. */
  readonly core: readonly Arrangement[]
  /** zoo.cfg of every member, beside the usual. */
  readonly set?: Readonly<Record<string, string>>
  /** What a whole play may take, ms; 300000 unless given. */
  readonly timeoutMs?: number
  /** What Apache itself cannot do in an arrangement, and why: the table says so. The scenario plays what can be played. */
  readonly limits?: Readonly<Record<Arrangement, string>>
  play(arrangement: Arrangement, stage: Stage): Promise<void>
}

/** One play of one scenario: it starts ensembles, and looks at what is left of them in the end. */
export class Stage implements AsyncDisposable {
  private readonly ensembles: MixedEnsemble[] = []
  private readonly arrangement: Arrangement
  private readonly set: Readonly<Record<string, string>>

  /** Where the ensembles' files stay; null: nowhere. */
  private readonly dir: string | null

  constructor(scenario: Pick<Scenario, 'set'>, arrangement: Arrangement, dir: string | null = null) {
    this.set = scenario.set ?? {}
    this.arrangement = arrangement
    this.dir = dir
  }

  /** The ensemble of this arrangement, serving unless told otherwise. */
  async start(options: MixedOptions = {}): Promise<MixedEnsemble> {
    const ensemble = await MixedEnsemble.start(this.arrangement, {
      ...(this.dir === null ? {} : { dir: join(this.dir, String(this.ensembles.length)) }),
      ...options,
      set: { ...this.set, ...options.set },
    })
    this.ensembles.push(ensemble)
    return ensemble
  }

  /** What is true at the end of every scenario. @throws what is not */
  async finish(): Promise<void> {
    for (const ensemble of this.ensembles) if (!ensemble.isClosed) await ensemble.verify()
  }

  /** The members' last records, for whoever looks for the cause of a failure. */
  lastWords(): string {
    return this.ensembles.map((ensemble) => ensemble.lastWords()).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ensemble of this.ensembles) await ensemble.close()
  }
}
