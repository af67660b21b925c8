/** The control API's server: HTTP with JSON over a Unix socket that only its user may open. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  ActionRequest,
  ApiError,
  ClusterEvent,
  ClusterInfo,
  HandoverReport,
  HandoverRequest,
  Verdict,
} from '../api/api.ts'
import { describe, OperationError } from '../api/operationError.ts'
import { ENGINES } from '../host/host.ts'
import type { ControlSocket } from '../supervisor/folder/controlSocket.ts'
import type { EventLog } from '../supervisor/logs/eventLog.ts'
import type { LogBook } from '../supervisor/logs/logBook.ts'
import type { LogQuery } from '../supervisor/logs/logQuery.ts'

/** What the API controls. */
interface Controlled {
  readonly cluster: {
    readonly events: EventLog
    readonly logs: LogBook | null
    info(): Promise<ClusterInfo>
  }
  action(request: ActionRequest): Promise<Verdict>
  handover(request: HandoverRequest, interrupted: AbortSignal): Promise<HandoverReport>
  waitUntilServing(timeoutMs: number): Promise<ClusterInfo>
  stop(options: { undo: boolean }): Promise<void>
}

const MOST_BODY_BYTES = 64 * 1024

export class ControlServer {
  private readonly controlled: Controlled

  /** Answers requests at `socket`, including those that have arrived already. */
  static open(controlled: Controlled, socket: ControlSocket): void {
    const server = new ControlServer(controlled)
    socket.serve((request, response) => void server.handle(request, response))
  }

  private constructor(controlled: Controlled) {
    this.controlled = controlled
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://control')
    try {
      await this.route(`${request.method} ${url.pathname}`, url.searchParams, request, response)
    } catch (error) {
      fail(response, error)
    }
  }

  private async route(
    route: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { controlled } = this
    switch (route) {
      case 'GET /cluster':
        json(response, 200, await controlled.cluster.info())
        break
      case 'POST /action':
        json(response, 200, await controlled.action(actionOf(await body(request))))
        break
      case 'POST /handover':
        json(response, 200, await controlled.handover(handoverOf(await body(request)), hungUp(response)))
        break
      case 'GET /wait':
        json(response, 200, await controlled.waitUntilServing(numberOf(query, 'timeoutMs') ?? 10_000))
        break
      case 'POST /down':
        // The answer goes out when everything has ended but this server itself.
        void controlled.stop(downOf(await body(request)))
        await this.allEnded()
        json(response, 200, {})
        break
      case 'GET /events':
        this.streamEvents(query, response)
        break
      case 'GET /logs':
        this.streamLogs(query, response)
        break
      default:
        throw new OperationError('NOT_FOUND', `the control API has no ${route}`, null, 2)
    }
  }

  private allEnded(): Promise<void> {
    return new Promise((resolve) => {
      this.controlled.cluster.events.listen(({ event }) => {
        if (event.type === 'cluster-down') resolve()
      })
    })
  }

  private streamEvents(query: URLSearchParams, response: ServerResponse): void {
    const { events } = this.controlled.cluster
    const all = query.get('all') === '1'
    const write = (event: ClusterEvent) => {
      if (all || !event.probe) response.write(`${JSON.stringify(event)}\n`)
    }
    // Evaluated before the head is sent, so that a wrong request can still be answered.
    const past = events.since(numberOf(query, 'since') ?? 0)
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const event of past) write(event)
    follow(query, response, () => events.listen(write))
  }

  private streamLogs(query: URLSearchParams, response: ServerResponse): void {
    const { logs } = this.controlled.cluster
    const wanted = logQueryOf(query)
    const write = (line: string) => void response.write(`${line}\n`)
    for (const member of wanted.members ?? []) {
      if (logs?.has(member) === false)
        throw new OperationError('NO_MEMBER', `there is no member ${member}`, 'see them all: zk-pseudo ps', 2)
    }
    const past = logs?.lines(wanted) ?? []
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const line of past) write(line)
    follow(query, response, () => logs?.follow(wanted, write) ?? (() => {}))
  }
}

/** Aborts when the caller no longer waits for the answer. */
function hungUp(response: ServerResponse): AbortSignal {
  const abort = new AbortController()
  const closed = () => {
    if (!response.writableFinished) abort.abort()
  }
  if (response.closed) closed()
  response.once('close', closed)
  return abort.signal
}

function follow(query: URLSearchParams, response: ServerResponse, listen: () => () => void): void {
  if (query.get('follow') !== '1') {
    response.end()
    return
  }
  response.flushHeaders()
  response.once('close', listen())
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(value))
}

function fail(response: ServerResponse, thrown: unknown): void {
  const error = describe(thrown)
  const answer: ApiError = { error }
  if (!response.headersSent) json(response, error.exitCode === 2 ? 400 : 500, answer)
  else response.end()
}

function logQueryOf(query: URLSearchParams): LogQuery {
  const members = query.getAll('member').map(Number)
  const numbers = {
    tail: numberOf(query, 'tail'),
    sinceMs: numberOf(query, 'since'),
    level: numberOf(query, 'level'),
  }
  const given = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== null))
  return { ...given, ...(members.length === 0 ? {} : { members: [...new Set(members)] }) }
}

function numberOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name)
  if (text === null) return null
  const value = Number(text)
  if (!Number.isFinite(value))
    throw new OperationError('BAD_REQUEST', `${name}=${text} is not a number`, null, 2)
  return value
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > MOST_BODY_BYTES)
      throw new OperationError('BAD_REQUEST', 'the request is too large', null, 2)
  }
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch {
    throw new OperationError('BAD_REQUEST', 'the request is not JSON', null, 2)
  }
}

const VERBS = ['kill', 'stop', 'start', 'restart', 'pause', 'resume']

function actionOf(value: unknown): ActionRequest {
  const { verb, selectors, wait, waitTimeoutMs, resync } = (value ?? {}) as Partial<ActionRequest>
  const isGood = verb !== undefined && VERBS.includes(verb) && Array.isArray(selectors)
  if (!isGood)
    throw new OperationError(
      'BAD_REQUEST',
      `an action has a verb (${VERBS.join(', ')}) and selectors`,
      null,
      2,
    )
  if (resync === true && verb !== 'start')
    throw new OperationError('BAD_REQUEST', `resync belongs to start, not to ${verb}`, null, 2)
  return {
    verb,
    resync: resync === true,
    selectors: selectors.map(String),
    wait: wait ?? true,
    waitTimeoutMs: waitTimeoutMs ?? 10_000,
  }
}

function downOf(value: unknown): { undo: boolean } {
  return { undo: (value as { undo?: unknown } | null)?.undo === true }
}

function handoverOf(value: unknown): HandoverRequest {
  const { to, selectors, waitTimeoutMs } = (value ?? {}) as Partial<HandoverRequest>
  if (to === undefined || !ENGINES.includes(to) || !Array.isArray(selectors)) {
    const message = `a handover has an engine (${ENGINES.join(', ')}) and selectors`
    throw new OperationError('BAD_REQUEST', message, null, 2)
  }
  return { to, selectors: selectors.map(String), waitTimeoutMs: waitTimeoutMs ?? 60_000 }
}
