/**
 * The files that hold the ensemble's configuration, as Apache keeps them: `zoo.cfg.dynamic.next` is the last
 * proposed configuration, `zoo.cfg.dynamic.<version>` is the one in force, and zoo.cfg names the latter in
 * place of its own server lines (QuorumPeer.setQuorumVerifier, QuorumPeerConfig.editStaticConfig). They are
 * written only with reconfigEnabled. The previous zoo.cfg stays beside the new one as `zoo.cfg.bak`, and
 * every other line and comment stays as it is.
 *
 * Invariant: a configuration in force is on disk before anything is logged under it. A member that restarted
 * without knowing it might take transactions that only the new voters hold for transactions that were never
 * committed. So a member ends when a file cannot be written.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backupFile, dynamicFile, nextFile } from '../config/load/fileNames.ts'
import { withDynamicFile } from '../config/load/staticFile.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import type { EnsembleConfig } from '../core/membership/ensembleConfig.ts'
import { StorageError } from '../storage/errors.ts'
import { nodeFileSystem } from '../storage/fileSystem.ts'
import { replaceFile } from '../storage/replaceFile.ts'

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
    write(nextFile(this.file), linesOf(config).join('\n'))
  }

  private saveCurrent(config: EnsembleConfig): void {
    const inForce = dynamicFile(this.file, config.version)
    const proposed = nextFile(this.file)
    const lines = linesOf(config).filter((line) => !line.startsWith('version='))
    write(inForce, lines.join('\n'))
    this.pointTo(resolve(inForce), config)
    if (existsSync(proposed) && versionIn(proposed) <= config.version) rmSync(proposed)
  }

  private pointTo(inForce: string, { servers }: EnsembleConfig): void {
    if (!existsSync(this.file)) return
    const text = readFileSync(this.file, 'utf8')
    if (!/^\s*dynamicConfigFile\b/m.test(text)) write(backupFile(this.file), text)
    const own = servers.find(({ sid }) => sid === this.sid)
    write(this.file, withDynamicFile(text, inForce, own !== undefined && own.clientPort !== null))
  }
}

/** The version that the file states; 0 for a file without one. */
function versionIn(file: string): number {
  return Number.parseInt(/^version=([0-9a-f]+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '0', 16)
}

function linesOf({ text }: EnsembleConfig): string[] {
  return text.split('\n').sort()
}

/** Writes the file atomically (AtomicFileWritingIdiom). Durable when it returns. */
function write(path: string, text: string): void {
  replaceFile(nodeFileSystem, path, Buffer.from(text))
  nodeFileSystem.syncDirectory(dirname(path))
}
