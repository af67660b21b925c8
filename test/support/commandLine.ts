/** The built command line, run in its own folder as a user would run it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './programs.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** The part of `ps --json` and `up -d --json` that the tests rely on. */
export interface ClusterDocument {
  name: string
  connectString: string
  quorum: boolean
  leader: number | null
  epoch: number
  supervisorPid: number
  members: { id: number; state: string; role: string | null; pid: number | null; clientPort: number }[]
}

/**
 * A cluster with a unique name in a temporary folder; disposing of it takes the cluster down and removes the
 * folder.
 */
export class CommandLineCluster implements AsyncDisposable {
  readonly name = `test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  readonly dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-cli-'))
  #supervisorPid: number | undefined
  /**
   * Runs if this process ends before the cluster was taken down: killing the supervisor suffices, because
   * nothing outlives it.
   */
  readonly #atExit = (): void => {
    if (this.#supervisorPid !== undefined && lives(this.#supervisorPid))
      process.kill(this.#supervisorPid, 'SIGKILL')
  }

  constructor() {
    process.once('exit', this.#atExit)
  }

  /** Runs a command against this cluster; when the command fails, throws an error with its output. */
  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(...args)
    if (code !== 0) throw new Error(`zk-pseudo ${args.join(' ')}: exit ${code}\n${stdout}\n${stderr}`)
    return stdout
  }

  attempt(...args: string[]): ReturnType<typeof runProgram> {
    return runProgram(process.execPath, [main, ...args, '--name', this.name], {
      cwd: this.dir,
      timeoutMs: 60_000,
    })
  }

  async up(...args: string[]): Promise<ClusterDocument> {
    const document: ClusterDocument = JSON.parse(
      await this.run('up', ...args, '-d', '--dir', join(this.dir, 'cluster'), '--json'),
    )
    this.#supervisorPid = document.supervisorPid
    return document
  }

  async ps(): Promise<ClusterDocument> {
    return JSON.parse(await this.run('ps', '--json'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.attempt('down', '--volumes')
    this.#atExit()
    process.off('exit', this.#atExit)
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/**
 * Whether a process with this id is running. A process that has ended counts as gone even if it has not been
 * reaped yet.
 */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '')
  } catch {
    return false
  }
}
