/**
 * A folder for one ensemble of the library, which is removed with it, however this process ends. A process
 * that is killed leaves its own behind: the next start removes those whose owner is gone.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operationErrorOf } from '../api/operationError.ts'
import { canonicalPath } from '../supervisor/folder/canonicalPath.ts'
import { FolderClaim } from '../supervisor/folder/folderClaim.ts'
import { fateOf, identityOf, type ProcessIdentity } from '../supervisor/folder/processes.ts'
import { sweep } from '../supervisor/folder/supervisorState.ts'
import { atExit } from './atExit.ts'

const PREFIX = 'zk-pseudo-temp-'
/** This file names the owner. A folder without it is never removed. */
const OWNER = 'owner.json'
/** Threads and processes that were just ended may still write for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }

export class TemporaryDir {
  readonly path: string
  private readonly takeBack: () => void

  static async make(): Promise<TemporaryDir> {
    try {
      const dir = new TemporaryDir(await mkdtemp(join(canonicalPath(tmpdir()), PREFIX)))
      await writeFile(join(dir.path, OWNER), JSON.stringify(identityOf(process.pid)))
      return dir
    } catch (error) {
      throw operationErrorOf(error, tmpdir())
    }
  }

  private constructor(path: string) {
    this.path = path
    this.takeBack = atExit(() => this.remove())
  }

  /** Safe to repeat. */
  remove(): void {
    this.takeBack()
    rmSync(this.path, REMOVAL)
  }
}

/** A folder that cannot be removed, or is being removed by another process, is left. */
export async function sweepTemporary(): Promise<void> {
  const base = canonicalPath(tmpdir())
  const abandoned = entriesOf(base).filter(isAbandoned)
  await Promise.allSettled(abandoned.map(removeAbandoned))
}

async function removeAbandoned(dir: string): Promise<void> {
  const claim = await FolderClaim.take(dir, { brief: true })
  try {
    sweep(dir)
    rmSync(dir, REMOVAL)
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
