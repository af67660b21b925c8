/**
 * What a mixed ensemble is put through. A scenario does what its title says, starts from nothing in every
 * arrangement, and fails by throwing. What must be true at the end of all scenarios (equal trees, no crashed
 * member, logs that the faults explain) is checked by their player: `Stage.finish`.
 */
import { join } from 'node:path'
import type { Arrangement } from './arrangement.ts'
import { MixedEnsemble, type MixedOptions } from './mixedEnsemble.ts'

export interface Scenario {
  /** The name of the file. */
  readonly name: string
  /** A line of the table, 58 characters at most. */
  readonly title: string
  /** The arrangements of the full run. */
  readonly where: readonly Arrangement[]
  /** The arrangements of the core run, which are among those of the full run. */
  readonly core: readonly Arrangement[]
  /** Additional settings for every member's zoo.cfg. */
  readonly set?: Readonly<Record<string, string>>
  /** Time limit of a whole play in ms; 300000 unless given. */
  readonly timeoutMs?: number
  /**
   * What Apache itself cannot do in an arrangement, and why, for the table. The scenario plays what can be
   * played.
   */
  readonly limits?: Readonly<Record<Arrangement, string>>
  play(arrangement: Arrangement, stage: Stage): Promise<void>
}

/** One play of one scenario: it starts ensembles, and checks what remains of them at the end. */
export class Stage implements AsyncDisposable {
  private readonly ensembles: MixedEnsemble[] = []
  private readonly arrangement: Arrangement
  private readonly set: Readonly<Record<string, string>>

  /** Where the ensembles' files are kept; null when they are not kept. */
  private readonly dir: string | null

  constructor(scenario: Pick<Scenario, 'set'>, arrangement: Arrangement, dir: string | null = null) {
    this.set = scenario.set ?? {}
    this.arrangement = arrangement
    this.dir = dir
  }

  /** Starts an ensemble of this arrangement, which serves on return unless the options say otherwise. */
  async start(options: MixedOptions = {}): Promise<MixedEnsemble> {
    const ensemble = await MixedEnsemble.start(this.arrangement, {
      ...(this.dir === null ? {} : { dir: join(this.dir, String(this.ensembles.length)) }),
      ...options,
      set: { ...this.set, ...options.set },
    })
    this.ensembles.push(ensemble)
    return ensemble
  }

  /** Checks what must be true at the end of every scenario. @throws when it is not */
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
