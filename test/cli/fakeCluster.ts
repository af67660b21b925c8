/**
 * A control server that answers from a script, on a Unix socket, announced as a supervisor announces itself:
 * what a command says and prints can be tested without an ensemble. Paths, methods and shapes are those of
 * control/api.ts.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  ActionRequest,
  ApiError,
  ClusterEvent,
  ClusterInfo,
  MemberInfo,
  Verdict,
} from '../../src/api/api.ts'
import { identityOf } from '../../src/supervisor/folder/processes.ts'
import { saveState } from '../../src/supervisor/folder/supervisorState.ts'

export interface Script {
  cluster: ClusterInfo
  /** What the cluster is once an action has been done. */
  afterAction?: ClusterInfo
  verdict?: Verdict
  actionError?: ApiError['error']
  actionDelayMs?: number
  waitError?: ApiError['error']
  events?: ClusterEvent[]
  logs?: Record<string, unknown>[]
  /** The process that counts as the supervisor; this one unless given. */
  pid?: number
  onDown?: () => void
}

export interface Fake extends AsyncDisposable {
  readonly script: Script
  readonly dir: string
  /** `METHOD path` of every request so far. */
  readonly requests: string[]
  readonly actions: ActionRequest[]
  /** Sends an event to whoever follows. */
  emit(event: ClusterEvent): void
  emitLog(record: Record<string, unknown>): void
  /** How many follow events or logs now. */
  followers(): number
}

/** A place of their own for clusters of one test: its registry and folders. */
export interface Playground extends Disposable {
  readonly root: string
  readonly env: Record<string, string>
  /** The folder that the last cluster was started in. */
  cwd: string
}

export function playground(): Playground {
  const root = mkdtempSync(join(tmpdir(), 'zkp-cli-'))
  return {
    root,
    env: { XDG_RUNTIME_DIR: root },
    cwd: root,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}

export async function fakeCluster(ground: Playground, script: Script): Promise<Fake> {
  const { name } = script.cluster
  const dir = join(ground.root, name, '.zk-pseudo')
  mkdirSync(dir, { recursive: true })
  script.cluster.dir = dir
  ground.cwd = join(ground.root, name)
  const socket = join(dir, 'control.sock')
  const requests: string[] = []
  const actions: ActionRequest[] = []
  const open = { events: new Set<ServerResponse>(), logs: new Set<ServerResponse>() }
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void answer(request, response, script, actions, open)
  })
  await listen(server, socket)
  announce(ground, { name, dir, pid: script.pid ?? process.pid })
  return {
    script,
    dir,
    requests,
    actions,
    emit: (event) => {
      for (const response of open.events) response.write(`${JSON.stringify(event)}\n`)
    },
    emitLog: (record) => {
      for (const response of open.logs) response.write(`${JSON.stringify(record)}\n`)
    },
    followers: () => open.events.size + open.logs.size,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
}

function announce(ground: Playground, { name, dir, pid }: { name: string; dir: string; pid: number }): void {
  saveState(dir, { ...identityOf(pid), name, connectString: '', members: [] })
  const registry = join(ground.root, 'zk-pseudo')
  mkdirSync(registry, { recursive: true })
  writeFileSync(join(registry, `${name}.json`), JSON.stringify({ name, dir }))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  script: Script,
  actions: ActionRequest[],
  open: { events: Set<ServerResponse>; logs: Set<ServerResponse> },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control')
  const json = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  const stream = (records: object[], followers: Set<ServerResponse>): void => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const record of records) response.write(`${JSON.stringify(record)}\n`)
    if (url.searchParams.get('follow') !== '1') response.end()
    else {
      followers.add(response)
      response.once('close', () => followers.delete(response))
    }
  }
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /cluster':
      return json(200, script.cluster)
    case 'GET /wait':
      return script.waitError ? json(504, { error: script.waitError }) : json(200, script.cluster)
    case 'POST /action': {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      actions.push(JSON.parse(body) as ActionRequest)
      if (script.actionDelayMs) await new Promise((done) => setTimeout(done, script.actionDelayMs))
      if (script.actionError) return json(409, { error: script.actionError })
      if (script.afterAction) script.cluster = script.afterAction
      return json(200, script.verdict)
    }
    case 'POST /down':
      json(200, {})
      return script.onDown?.()
    case 'GET /events': {
      const since = Number(url.searchParams.get('since') ?? 0)
      return stream(
        (script.events ?? []).filter((event) => event.seq > since),
        open.events,
      )
    }
    case 'GET /logs': {
      const member = url.searchParams.get('member')
      const tail = url.searchParams.get('tail')
      const kept = (script.logs ?? []).filter((record) => member === null || record.member === Number(member))
      return stream(tail === null ? kept : kept.slice(kept.length - Number(tail)), open.logs)
    }
    default:
      return json(404, {
        error: { code: 'NOT_FOUND', message: `no ${url.pathname}`, hint: null, exitCode: 1 },
      })
  }
}

/** A member that runs; `changes` say what is special about it. */
export function member(id: number, changes: Partial<MemberInfo> = {}): MemberInfo {
  return {
    id,
    state: 'running',
    role: 'follower',
    isolation: 'thread',
    pid: 4711,
    clientPort: 2180 + id,
    secureClientPort: null,
    quorumPort: 8000 + id,
    electionPort: 8100 + id,
    epoch: 3,
    zxid: '0x300000012',
    connections: 1,
    dataDir: `/tmp/three/.zk-pseudo/data/${id}`,
    config: `/tmp/three/.zk-pseudo/conf/zoo-${id}.cfg`,
    uptimeMs: 65_000,
    restarts: 0,
    exit: null,
    clientHost: '127.0.0.1',
    voter: true,
    listed: true,
    engine: 'zk-pseudo',
    ...changes,
  }
}

export function dead(
  id: number,
  state: 'killed' | 'stopped' | 'crashed' = 'killed',
  exit = state as string,
): MemberInfo {
  const gone = { pid: null, role: null, epoch: null, zxid: null, connections: null, uptimeMs: null }
  return member(id, { ...gone, state, exit })
}

export function cluster(name: string, members: MemberInfo[]): ClusterInfo {
  const leader = members.find((candidate) => candidate.role === 'leader' && candidate.state === 'running')
  return {
    name,
    dir: '',
    supervisorPid: 4711,
    connectString: members.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(','),
    quorum: leader !== undefined,
    leader: leader?.id ?? null,
    epoch: leader?.epoch ?? null,
    members,
  }
}

/** Three members, 2 leads epoch 3. */
export function three(name = 'three'): ClusterInfo {
  return cluster(name, [member(0), member(1), member(2, { role: 'leader' })])
}

export function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    members: [2],
    leaderBefore: 2,
    leaderAfter: 1,
    epoch: 4,
    electionMs: 38,
    writeGapMs: 52,
    sessionsMoved: 3,
    sessionsExpired: 0,
    quorum: true,
    ...changes,
  }
}
