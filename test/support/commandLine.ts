/** The built command line, run as a user would run it, in a folder of its own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram } from './programs.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** The part of `ps --json` and `up -d --json` that the tests hold on to. */
export interface ClusterDocument {
  name: string
  connectString: string
  quorum: boolean
  leader: number | null
  epoch: number
  supervisorPid: number
  members: { id: number; state: string; role: string | null; pid: number | null; clientPort: number }[]
}

/** A cluster of a unique name in a temporary folder; its end takes the cluster down and the folder away. */
export class CommandLineCluster implements AsyncDisposable {
  readonly name = `test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
  readonly dir = mkdtempSync(join(tmpdir(), 'zk-pseudo-cli-'))
  #supervisorPid: number | undefined
  /** Should this process end before the cluster was taken down: nothing outlives a supervisor. */
  readonly #atExit = (): void => {
    if (this.#supervisorPid !== undefined && lives(this.#supervisorPid))
      process.kill(this.#supervisorPid, 'SIGKILL')
  }

  constructor() {
    process.once('exit', this.#atExit)
  }

  /** Runs a command against this cluster; throws when it fails, with what it said. */
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

/** Whether a process of that id runs. One that has ended counts as gone even if nobody has reaped it yet. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '')
  } catch {
    return false
  }
}
