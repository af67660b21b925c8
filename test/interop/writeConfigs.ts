/**
 * zoo.cfg files that differ between members; an ensemble that the supervisor makes by itself has the same
 * text for all.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { classicEnsemble } from '../../src/config/classic.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { PortClaims } from '../../src/supervisor/ports/ports.ts'
import type { Seat } from './arrangement.ts'

export interface WrittenConfigs {
  /** The folder of `conf` and `data`, and of whatever else the ensemble writes. */
  readonly dir: string
  readonly files: string[]
  /** To be called when the ensemble has ended. */
  remove(): void
}

/** @param edit changes the common text into that of one member */
export async function writeConfigs(
  seats: readonly Seat[],
  set: Readonly<Record<string, string>>,
  edit: (id: number, text: string) => string,
): Promise<WrittenConfigs> {
  const dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-interop-'))
  // The ports are free of other ensembles; the supervisor claims those of a config when it reads it.
  const claims = new PortClaims()
  const claimed = await claims.claimAny(seats.length * 3)
  const ports = seats.map((_, i) => {
    const [clientPort = 0, quorumPort = 0, electionPort = 0] = claimed.slice(3 * i)
    return { clientPort, quorumPort, electionPort }
  })
  const observers = seats.filter(({ isObserver }) => isObserver).length
  const { members, problems } = classicEnsemble({
    members: seats.length - observers,
    observers,
    dir,
    set,
    ports,
  })
  if (members.length === 0) throw new Error(problems.map(formatProblem).join('\n'))
  for (const { sid, file, text, myidFile, myidText } of members) {
    for (const path of [file, myidFile]) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(file, edit(sid, text))
    writeFileSync(myidFile, myidText)
  }
  claims.releaseAll()
  return {
    dir,
    files: members.map(({ file }) => file),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}
