/** Programs of other projects, which are run to their end or driven line by line, and never left behind. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const running = new Set<ChildProcessWithoutNullStreams>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a program to its end with `input` on stdin; kills it after `timeoutMs` and says so in stderr. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { input?: string; timeoutMs?: number; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const { input = '', timeoutMs = 25_000, cwd, env } = options
  const child = start(command, args, { ...(cwd ? { cwd } : {}), ...(env ? { env } : {}) })
  const finished: Finished = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    finished.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    finished.stderr += text
  })
  const overdue = setTimeout(() => {
    finished.stderr += `\n[killed after ${timeoutMs} ms]`
    child.kill('SIGKILL')
  }, timeoutMs)
  child.stdin.on('error', () => {}).end(input)
  finished.code = (await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  }).finally(() => clearTimeout(overdue))) as number | null
  return finished
}

/** A program that prints one JSON document on each line, and where it says so waits for a line from us. */
export class LineProgram implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #stderr = ''

  constructor(command: string, args: readonly string[]) {
    this.#child = start(command, args, {})
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text
    })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** The next document, which must be of this step and arrive within `timeoutMs`. */
  async step(name: string, timeoutMs = 25_000): Promise<Record<string, unknown>> {
    let overdue = false
    const timer = setTimeout(() => {
      overdue = true
      this.#child.kill('SIGKILL')
    }, timeoutMs)
    const { value, done } = await this.#lines.next().finally(() => clearTimeout(timer))
    if (overdue) throw new Error(`timed out after ${timeoutMs} ms waiting for step ${name}:\n${this.#stderr}`)
    if (done) throw new Error(`ended before step ${name}:\n${this.#stderr}`)
    const document = JSON.parse(value) as Record<string, unknown>
    if (document.step !== name) throw new Error(`expected step ${name}, got ${value}\n${this.#stderr}`)
    return document
  }

  /** Lets the program continue. */
  go(): void {
    this.#child.stdin.write('go\n')
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

/** Whether a command exists and succeeds with `args`. */
export function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, [...args], { stdio: 'ignore' }).status === 0
}

function start(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): ChildProcessWithoutNullStreams {
  const child = spawn(command, [...args], options)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}
