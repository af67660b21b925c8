/**
 * `up -d`: the supervisor in a process of its own that outlives this one. What goes wrong before it can be asked
 * comes back over the channel between the two, so that a taken port is told here and not in a file.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiError } from '../control/api.ts'
import { ClusterDir } from '../supervisor/clusterDir.ts'
import { FolderClaim } from '../supervisor/folderClaim.ts'
import { checkOwner } from '../supervisor/names.ts'
import { exitCodes, OperationError } from './errors.ts'
import { durationText } from './format/words.ts'
import type { Output } from './output.ts'
import type { UpRequest } from './upRequest.ts'

/** From the background process: a line for the person, then the end of its start. */
export type StartMessage =
  | { kind: 'note'; line: string }
  | { kind: 'ready' }
  | { kind: 'failed'; error: ApiError['error'] }

const LAST_LINES = 10

/** Resolves when the background process can be asked. @throws OperationError */
export async function startDetached(
  request: UpRequest,
  waitTimeoutMs: number,
  output: Output,
): Promise<void> {
  const printed = await openPrinted(request)
  const main = process.argv[1] ?? ''
  const child = spawn(process.execPath, [main, '__supervise', JSON.stringify(request)], {
    detached: true,
    stdio: ['ignore', printed.fd, printed.fd, 'ipc'],
  })
  closeSync(printed.fd)
  const tooLate = new AbortController()
  const timer = setTimeout(() => tooLate.abort(), waitTimeoutMs)
  try {
    const how = await Promise.race([started(child, output), aborted(tooLate.signal)])
    if (how !== null) throw endedEarly(how, printed)
    if (tooLate.signal.aborted) throw startsStill(child.pid, waitTimeoutMs, printed)
  } finally {
    clearTimeout(timer)
    if (child.connected) child.disconnect()
    child.unref()
  }
}

interface Printed {
  readonly file: string
  readonly fd: number
  /** How much of the file is from before. */
  readonly offset: number
}

/** The file that gets what the background process prints, made while nobody else has the folder. */
async function openPrinted(request: UpRequest): Promise<Printed> {
  const claim = await FolderClaim.take(request.dir, { brief: true })
  try {
    const dir = new ClusterDir(claim.path)
    checkOwner(dir.path, dir.manifest?.name, request.name)
    // Remembered as made by us, so that `down --volumes` leaves nothing behind.
    if (dir.manifest === null) dir.begin({ name: '', request: null, ports: null }, claim.made)
    dir.make(join(dir.path, 'logs'))
    dir.save()
    const file = join(dir.path, 'logs', 'supervisor.out')
    const fd = openSync(file, 'a', 0o600)
    return { file, fd, offset: fstatSync(fd).size }
  } finally {
    claim.release()
  }
}

/** Null when it can be asked; how it ended when it did. @throws what it says went wrong */
function started(child: ChildProcess, output: Output): Promise<string | null> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: StartMessage) => {
      if (message.kind === 'note') output.note(message.line)
      else if (message.kind === 'ready') resolve(null)
      else {
        const { code, message: text, hint, exitCode } = message.error
        reject(new OperationError(code, text, hint, exitCode))
      }
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? `with code ${code}` : `by ${signal}`))
  })
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)))
}

function endedEarly(how: string, printed: Printed): OperationError {
  return new OperationError('SUPERVISOR_ENDED', `the supervisor ended ${how} while it started`, said(printed))
}

function startsStill(pid: number | undefined, waitedMs: number, printed: Printed): OperationError {
  const message = `the supervisor (process ${pid}) has not opened its members' ports after ${durationText(waitedMs)}`
  const hint = `it goes on trying: zk-pseudo ps; to end it: kill ${pid}\n${said(printed)}`
  return new OperationError('START_TIMEOUT', message, hint, exitCodes.timedOut)
}

/** What it has printed, the last lines of it. */
function said({ file, offset }: Printed): string {
  try {
    const lines = readFileSync(file)
      .subarray(offset)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .slice(-LAST_LINES)
    return lines.join('') === ''
      ? `it printed nothing into ${file}`
      : `it printed, in ${file}:\n${lines.join('\n')}`
  } catch {
    return `what it printed, ${file}, cannot be read`
  }
}
