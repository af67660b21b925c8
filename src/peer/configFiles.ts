/**
 * The configuration of the ensemble in files, as Apache keeps it: `zoo.cfg.dynamic.next` is what was proposed
 * last, `zoo.cfg.dynamic.<version>` what is in force, and zoo.cfg names the latter in place of its own server
 * lines (QuorumPeer.setQuorumVerifier, QuorumPeerConfig.editStaticConfig). Only with reconfigEnabled, which
 * asks for that; the zoo.cfg of before stays beside it as `zoo.cfg.bak`, and every other line and comment
 * stays as it is.
 *
 * Invariant: a configuration in force is on disk before anything is logged under it; a restart that did not
 * know of it might take what only its voters hold for what was never committed. So a file that cannot be
 * written ends the member.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backupFile, dynamicFile, nextFile, unfinishedFile } from '../config/load/fileNames.ts'
import { withDynamicFile } from '../config/load/staticFile.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import type { EnsembleConfig } from '../core/membership/ensembleConfig.ts'
import { StorageError } from '../storage/errors.ts'

export class ConfigFiles {
  private readonly file: string
  private readonly sid: number | null

  constructor({ file, sid }: ServerConfig) {
    this.file = file
    this.sid = sid
  }

  /** @throws StorageError */
  save(which: 'next' | 'current', config: EnsembleConfig): void {
    try {
      if (which === 'next') this.saveNext(config)
      else this.saveCurrent(config)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const hint = 'With reconfigEnabled=true the folder of zoo.cfg must be writable, as for Apache ZooKeeper'
      const what = `the configuration of the ensemble cannot be kept beside it: ${reason}`
      throw new StorageError('write-failed', this.file, what, { hint, cause: error })
    }
  }

  private saveNext(config: EnsembleConfig): void {
    replaceFile(nextFile(this.file), linesOf(config).join('\n'))
  }

  private saveCurrent(config: EnsembleConfig): void {
    const inForce = dynamicFile(this.file, config.version)
    const proposed = nextFile(this.file)
    const lines = linesOf(config).filter((line) => !line.startsWith('version='))
    replaceFile(inForce, lines.join('\n'))
    this.pointTo(resolve(inForce), config)
    if (existsSync(proposed) && versionIn(proposed) <= config.version) rmSync(proposed)
  }

  private pointTo(inForce: string, { servers }: EnsembleConfig): void {
    if (!existsSync(this.file)) return
    const text = readFileSync(this.file, 'utf8')
    if (!/^\s*dynamicConfigFile\b/m.test(text)) replaceFile(backupFile(this.file), text)
    const own = servers.find(({ sid }) => sid === this.sid)
    replaceFile(this.file, withDynamicFile(text, inForce, own !== undefined && own.clientPort !== null))
  }
}

/** 0 for a file without one. */
function versionIn(file: string): number {
  return Number.parseInt(/^version=([0-9a-f]+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '0', 16)
}

function linesOf({ text }: EnsembleConfig): string[] {
  return text.split('\n').sort()
}

/** Whole or not at all (AtomicFileWritingIdiom). */
function replaceFile(path: string, text: string): void {
  const temporary = unfinishedFile(path)
  const file = openSync(temporary, 'w', 0o644)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncDirectory(dirname(path))
}

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
