/** The control API over the cluster's Unix socket: HTTP with JSON, streams as JSON lines. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { ApiError, ClusterEvent, ClusterInfo, HandoverReport, Verdict } from '../api/api.ts'
import { exitCodes, OperationError } from '../api/operationError.ts'
import { connectToControl } from '../supervisor/folder/controlSocket.ts'
import { notAllowed } from '../supervisor/folder/folderClaim.ts'
import { isAlive, isStopped } from '../supervisor/folder/processes.ts'
import { readState } from '../supervisor/folder/supervisorState.ts'
import { recordIn } from '../supervisor/logs/lineFile.ts'
import { openFilesTrouble } from '../supervisor/openFiles.ts'
import { clearInterval, setInterval } from '../time.ts'
import type { Connection, LogRecord } from './connection.ts'

/**
 * A server that does not answer for this long after the time that it was asked to wait is considered hung.
 */
const patienceMs = 15_000
/** A handover of many members takes minutes; the supervisor ends it by itself. */
const HANDOVER_MS = 3_600_000
/** How often a supervisor that does not answer yet is checked for being stopped, ms. */
const LOOK_MS = 250

/** @param dir the cluster's folder */
export function connectTo(dir: string): Connection {
  const call = <T>(method: 'GET' | 'POST', path: string, body?: unknown, waitMs = 0): Promise<T> =>
    callJson<T>(dir, method, path, body, waitMs + patienceMs)
  return {
    cluster: () => call<ClusterInfo>('GET', '/cluster'),
    wait: (timeoutMs) => call<ClusterInfo>('GET', `/wait?timeoutMs=${timeoutMs}`, undefined, timeoutMs),
    action: (action) => call<Verdict>('POST', '/action', action, action.waitTimeoutMs),
    // Each member has its own time, and as much again to undo a failure.
    handover: (handover, signal) =>
      callJson<HandoverReport>(dir, 'POST', '/handover', handover, HANDOVER_MS, signal),
    down: async (options = {}) => {
      await call<unknown>('POST', '/down', options, 60_000)
    },
    events: ({ since, follow, all, signal }) => {
      const asked = query({ since, follow: follow ? 1 : 0, all: all ? 1 : undefined })
      return jsonLines<ClusterEvent>(dir, `/events?${asked}`, signal)
    },
    logs: ({ members = [], tail, sinceMs, level, follow, signal }) => {
      const who = members.map((member) => `member=${member}&`).join('')
      const what = query({ tail, since: sinceMs, level, follow: follow ? 1 : 0 })
      return jsonLines<LogRecord>(dir, `/logs?${who}${what}`, signal)
    },
  }
}

function query(values: Record<string, number | undefined>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join('&')
}

async function callJson<T>(
  dir: string,
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  refuseIfStopped(dir)
  const hangUp = signal === undefined ? {} : { signal }
  const outgoing = request({ createConnection: () => connectToControl(dir), method, path, ...hangUp })
  outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)))
  if (body !== undefined) outgoing.setHeader('content-type', 'application/json')
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return parseAnswer<T>(await answerOf(outgoing, dir), dir)
}

function answerOf(outgoing: ClientRequest, dir: string): Promise<IncomingMessage> {
  const looking = setInterval(() => {
    const trouble = whyStopped(dir)
    if (trouble !== null) outgoing.destroy(trouble)
  }, LOOK_MS)
  return new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, dir)))
  }).finally(() => clearInterval(looking))
}

/** Null when it is not stopped, or when that is not known. */
function whyStopped(dir: string): OperationError | null {
  const state = readState(dir)
  if (state === null || !isStopped(state)) return null
  const { name, pid } = state
  return new OperationError(
    'SUPERVISOR_STOPPED',
    `the supervisor of ${name} (process ${pid}) is stopped, as by SIGSTOP or Ctrl-Z: it cannot answer`,
    `let it go on: kill -CONT ${pid}, or fg in the terminal where it was started`,
  )
}

/** A stopped supervisor would carry out a request later, long after its caller has given up. */
function refuseIfStopped(dir: string): void {
  const trouble = whyStopped(dir)
  if (trouble !== null) throw trouble
}

async function parseAnswer<T>(answer: IncomingMessage, dir: string): Promise<T> {
  let text = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) text += chunk
  } catch (error) {
    throw unreachable(error as NodeJS.ErrnoException, dir)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new OperationError(
      'BAD_ANSWER',
      `the supervisor in ${dir} answered ${answer.statusCode} with something that is not JSON`,
      'it may be of another version: end it with its own zk-pseudo, or start again with zk-pseudo down and up',
    )
  }
  if ((answer.statusCode ?? 500) < 400) return value as T
  const { error } = value as Partial<ApiError>
  throw new OperationError(
    error?.code ?? 'FAILED',
    error?.message ?? `the supervisor answered ${answer.statusCode}`,
    error?.hint ?? null,
    error?.exitCode ?? exitCodes.failed,
  )
}

function unreachable(error: NodeJS.ErrnoException, dir: string): OperationError {
  if (error instanceof OperationError) return error
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new OperationError(
      'NO_CLUSTER',
      `no supervisor answers in ${dir}`,
      'start the cluster again: zk-pseudo up -d',
      exitCodes.noCluster,
    )
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') return notAllowed(dir)
  const state = readState(dir)
  const trouble = state === null || !isAlive(state) ? null : openFilesTrouble(state.pid)
  return new OperationError(
    'CONNECTION_LOST',
    `the supervisor in ${dir} stopped answering: ${error.message}`,
    [...(trouble === null ? [] : [trouble]), 'see whether the cluster still runs: zk-pseudo ls'].join('\n'),
  )
}

async function* jsonLines<T>(dir: string, path: string, signal: AbortSignal | undefined): AsyncGenerator<T> {
  refuseIfStopped(dir)
  const hangUp = signal === undefined ? {} : { signal }
  const outgoing = request({ createConnection: () => connectToControl(dir), path, ...hangUp })
  outgoing.end()
  try {
    const answer = await answerOf(outgoing, dir)
    if ((answer.statusCode ?? 500) >= 400) await parseAnswer<never>(answer, dir)
    let rest = ''
    for await (const chunk of answer.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield* recordIn<T>(line)
    }
    yield* recordIn<T>(rest)
  } catch (error) {
    if (signal?.aborted || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return
    throw error
  } finally {
    outgoing.destroy()
  }
}
