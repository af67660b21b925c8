/**
 * The folders of ensembles that live as long as their process. A process that dies without `close` leaves its own
 * behind: the next start removes those whose owner is gone.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalPath } from '../supervisor/canonicalPath.ts'
import { FolderClaim } from '../supervisor/folderClaim.ts'
import { fateOf, identityOf, type ProcessIdentity } from '../supervisor/processes.ts'
import { sweep } from '../supervisor/supervisorState.ts'

const PREFIX = 'zk-pseudo-temp-'
/** Says whose it is. A folder without it is nobody's to remove. */
const OWNER = 'owner.json'

export async function makeTemporary(): Promise<string> {
  const dir = await mkdtemp(join(canonicalPath(tmpdir()), PREFIX))
  await writeFile(join(dir, OWNER), JSON.stringify(identityOf(process.pid)))
  return dir
}

export function removeTemporary(dir: string): Promise<void> {
  return rm(dir, { recursive: true, force: true })
}

/** What cannot be removed, or is just being removed by another process, is left. */
export async function sweepTemporary(): Promise<void> {
  const base = canonicalPath(tmpdir())
  const abandoned = entriesOf(base).filter(isAbandoned)
  await Promise.allSettled(abandoned.map(removeAbandoned))
}

async function removeAbandoned(dir: string): Promise<void> {
  const claim = await FolderClaim.take(dir, { brief: true })
  try {
    sweep(dir)
    await removeTemporary(dir)
  } finally {
    claim.release()
  }
}

function entriesOf(base: string): string[] {
  try {
    return readdirSync(base)
      .filter((entry) => entry.startsWith(PREFIX))
      .map((entry) => join(base, entry))
  } catch {
    return []
  }
}

function isAbandoned(dir: string): boolean {
  try {
    return fateOf(JSON.parse(readFileSync(join(dir, OWNER), 'utf8')) as ProcessIdentity) === 'gone'
  } catch {
    return false
  }
}
