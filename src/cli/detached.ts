/**
 * `up -d`: the supervisor in a process of its own that outlives this one. An error before it can be asked
 * comes back over the channel between the two, so that a taken port is reported here and not in a file.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ApiError } from '../api/api.ts'
import { ClusterDir } from '../supervisor/folder/clusterDir.ts'
import { exitCodes, OperationError } from './errors.ts'
import { durationText } from './format/words.ts'
import { endedByInterrupt } from './interrupts.ts'
import type { Output } from './output.ts'
import type { UpRequest } from './upRequest.ts'

/** Messages from the background process: lines for the user, then the outcome of its start. */
export type StartMessage =
  | { kind: 'note'; line: string }
  | { kind: 'ready' }
  | { kind: 'failed'; error: ApiError['error'] }

/** A message to the background process: its starter knows that it runs. */
export const GOES_ON = 'goes on'

const LAST_LINES = 10

/** Ctrl-C came before the ensemble served: what was begun has ended. */
export function endedOnDemand(): OperationError {
  const message = 'interrupted before the ensemble served: nothing runs'
  return new OperationError('INTERRUPTED', message, 'what is on disk stays for the next up', endedByInterrupt)
}

/** And a second one before that had ended. */
export function leftToEnd(): OperationError {
  const message = 'interrupted before the ensemble served: it is ending by itself'
  return new OperationError('INTERRUPTED', message, 'see whether it is gone: zk-pseudo ls', endedByInterrupt)
}

/**
 * Resolves when the background process can be asked.
 * @param interrupted ends what was begun; it is over when this rejects
 * @throws OperationError
 */
export async function startDetached(
  request: UpRequest,
  waitTimeoutMs: number,
  output: Output,
  interrupted: AbortSignal,
): Promise<void> {
  const printed = printedFile(request.dir)
  const fd = openSync(printed, 'wx', 0o600)
  const words = ['__supervise', JSON.stringify(request), printed]
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...words], {
    detached: true,
    stdio: ['ignore', fd, fd, 'ipc'],
  })
  closeSync(fd)
  const tooLate = new AbortController()
  const timer = setTimeout(() => tooLate.abort(), waitTimeoutMs)
  try {
    const how = await Promise.race([started(child, output, interrupted), aborted(tooLate.signal)])
    if (interrupted.aborted) {
      rmSync(printed, { force: true })
      throw endedOnDemand()
    }
    if (how !== null) throw endedEarly(how, printed)
    if (tooLate.signal.aborted) {
      if (child.connected) child.send(GOES_ON)
      throw startsStill(child.pid, waitTimeoutMs, request.dir)
    }
  } catch (error) {
    // The system could not start the process.
    if (child.pid === undefined) rmSync(printed, { force: true })
    throw error
  } finally {
    clearTimeout(timer)
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/**
 * The file that gets what the background process prints. The cluster's folder is for the one supervisor that
 * gets it to make; until then this file lies outside of it.
 */
function printedFile(dir: string): string {
  return join(
    nearestFolder(dirname(new ClusterDir(dir).outputPath)),
    `.zk-pseudo-${randomBytes(6).toString('hex')}.out`,
  )
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path))
}

/** To be called by the supervisor once its folder is laid out. */
export function adoptOutput(dir: string, printed: string): void {
  try {
    renameSync(printed, new ClusterDir(dir).outputPath)
  } catch {
    // The file was removed: the output is lost, the cluster is not.
  }
}

/**
 * Null when it can be asked; how it ended when it did, which it does on `interrupted`. @throws what it says
 * went wrong
 */
function started(child: ChildProcess, output: Output, interrupted: AbortSignal): Promise<string | null> {
  const end = () => void child.kill('SIGTERM')
  if (interrupted.aborted) end()
  else interrupted.addEventListener('abort', end, { once: true })
  return new Promise((resolve, reject) => {
    child.on('message', (message: StartMessage) => {
      if (message.kind === 'note') output.note(message.line)
      else if (message.kind === 'failed') {
        const { code, message: text, hint, exitCode } = message.error
        reject(new OperationError(code, text, hint, exitCode))
      } else if (!interrupted.aborted) resolve(null)
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? `with code ${code}` : `by ${signal}`))
  })
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
}

function endedEarly(how: string, printed: string): OperationError {
  const hint = said(printed)
  rmSync(printed, { force: true })
  return new OperationError('SUPERVISOR_ENDED', `the supervisor ended ${how} while it started`, hint)
}

function startsStill(pid: number | undefined, waitedMs: number, dir: string): OperationError {
  const message = `the supervisor (process ${pid}) has not opened its members' ports after ${durationText(waitedMs)}`
  const { outputPath } = new ClusterDir(dir)
  const hint = `it goes on trying: zk-pseudo ps; to end it: kill ${pid}; what it prints will be in ${outputPath}`
  return new OperationError('START_TIMEOUT', message, hint, exitCodes.timedOut)
}

/** The last lines that it has printed. */
function said(printed: string): string {
  try {
    const text = readFileSync(printed, 'utf8').trimEnd()
    return text === ''
      ? 'it printed nothing'
      : `it printed:\n${text.split('\n').slice(-LAST_LINES).join('\n')}`
  } catch {
    return 'what it printed cannot be read'
  }
}
