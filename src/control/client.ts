/** The control API over the cluster's Unix socket: HTTP with JSON, streams as JSON lines. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { ApiError, ClusterEvent, ClusterInfo, HandoverReport, Verdict } from './api.ts'
import type { Connection, LogRecord } from './connection.ts'
import { exitCodes, OperationError } from './operationError.ts'

/** A server that says nothing for this long beyond what it was asked to wait is taken for hung. */
const patienceMs = 15_000
/** A handover of many members takes minutes; the supervisor ends it by itself. */
const HANDOVER_MS = 3_600_000

export function connectTo(socketPath: string): Connection {
  const call = <T>(method: 'GET' | 'POST', path: string, body?: unknown, waitMs = 0): Promise<T> =>
    callJson<T>(socketPath, method, path, body, waitMs + patienceMs)
  return {
    cluster: () => call<ClusterInfo>('GET', '/cluster'),
    wait: (timeoutMs) => call<ClusterInfo>('GET', `/wait?timeoutMs=${timeoutMs}`, undefined, timeoutMs),
    action: (action) => call<Verdict>('POST', '/action', action, action.waitTimeoutMs),
    // Each member has its own time, and what goes wrong is undone within another.
    handover: (handover, signal) =>
      callJson<HandoverReport>(socketPath, 'POST', '/handover', handover, HANDOVER_MS, signal),
    down: async () => {
      await call<unknown>('POST', '/down', {}, 60_000)
    },
    events: ({ since, follow, all, signal }) => {
      const asked = query({ since, follow: follow ? 1 : 0, all: all ? 1 : undefined })
      return jsonLines<ClusterEvent>(socketPath, `/events?${asked}`, signal)
    },
    logs: ({ member, tail, follow, signal }) =>
      jsonLines<LogRecord>(socketPath, `/logs?${query({ member, tail, follow: follow ? 1 : 0 })}`, signal),
  }
}

function query(values: Record<string, number | undefined>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join('&')
}

async function callJson<T>(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const hangUp = signal === undefined ? {} : { signal }
  const outgoing = request({ socketPath, method, path, agent: false, timeout: timeoutMs, ...hangUp })
  outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)))
  if (body !== undefined) outgoing.setHeader('content-type', 'application/json')
  outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  return parseAnswer<T>(await answerOf(outgoing, socketPath), socketPath)
}

function answerOf(outgoing: ClientRequest, socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', (error: NodeJS.ErrnoException) => reject(unreachable(error, socketPath)))
  })
}

async function parseAnswer<T>(answer: IncomingMessage, socketPath: string): Promise<T> {
  let text = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) text += chunk
  } catch (error) {
    throw unreachable(error as NodeJS.ErrnoException, socketPath)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new OperationError(
      'BAD_ANSWER',
      `the supervisor at ${socketPath} answered ${answer.statusCode} with something that is not JSON`,
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

function unreachable(error: NodeJS.ErrnoException, socketPath: string): OperationError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new OperationError(
      'NO_CLUSTER',
      `no supervisor answers at ${socketPath}`,
      'start the cluster again: zk-pseudo up -d',
      exitCodes.noCluster,
    )
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new OperationError(
      'NOT_ALLOWED',
      `${socketPath} belongs to another user`,
      'only the user who started a cluster can control it',
    )
  }
  return new OperationError(
    'CONNECTION_LOST',
    `the supervisor at ${socketPath} stopped answering: ${error.message}`,
    'see whether the cluster still runs: zk-pseudo ls',
  )
}

async function* jsonLines<T>(
  socketPath: string,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const outgoing = request({ socketPath, path, agent: false, ...(signal ? { signal } : {}) })
  outgoing.end()
  try {
    const answer = await answerOf(outgoing, socketPath)
    if ((answer.statusCode ?? 500) >= 400) await parseAnswer<never>(answer, socketPath)
    let rest = ''
    for await (const chunk of answer.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield JSON.parse(line) as T
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T
  } catch (error) {
    if (signal?.aborted || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return
    throw error
  } finally {
    outgoing.destroy()
  }
}
