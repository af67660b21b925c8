/**
 * Plays a sequence of actions on one server and writes down, line by line, everything that its two clients
 * see: outcomes, values, Stats, watch events. Times are left out, zxids count from the sequence's first, and
 * sessions have names, so two servers that behave alike give the same lines.
 */
import * as op from '../operations.ts'
import { type Answer, RawSession } from '../rawSession.ts'
import { type Action, operationOf } from './actions.ts'

interface Client {
  session: RawSession
  /** What setWatches2 arms again: everything that was ever watched. */
  watched: Record<'data' | 'exist' | 'child' | 'persistent' | 'recursive', Set<string>>
  /** The kind of the watches on a path; see `tamed`. */
  kinds: Map<string, WatchKind>
}

type WatchKind = 'standard' | 'persistent' | 'recursive'

const nothingWatched = (): Client['watched'] => ({
  data: new Set(),
  exist: new Set(),
  child: new Set(),
  persistent: new Set(),
  recursive: new Set(),
})

/** @param root a path that does not exist yet, the same at both servers */
export async function play(address: string, root: string, actions: readonly Action[]): Promise<string[]> {
  const sessions = new Map<bigint, string>()
  const open = async (options = {}): Promise<RawSession> => {
    const session = await RawSession.open(address, options)
    if (!sessions.has(session.sessionId)) sessions.set(session.sessionId, `session ${sessions.size}`)
    return session
  }
  const clients: [Client, Client] = [
    { session: await open(), watched: nothingWatched(), kinds: new Map() },
    { session: await open(), watched: nothingWatched(), kinds: new Map() },
  ]
  const { zxid: base } = await clients[0].session.do(op.create(root))
  const show = (value: unknown) => shown(value, base, sessions, root)
  const lines: string[] = []
  try {
    for (const wild of actions) {
      const client = clients[wild.by]
      const action = tamed(client, wild)
      lines.push(`${action.by} ${action.name} ${JSON.stringify(action.arguments)}`)
      const said = await act(client, action, root, open)
      lines.push(
        `    ${said === null ? 'done' : `${said.outcome} zxid ${show(said.zxid)} ${show(said.value ?? null)}`}`,
      )
      for (const [i, { session }] of clients.entries()) {
        await session.ping()
        const events = session.takeEvents().map((event) => event.replaceAll(root, '~'))
        // Events that one change fires arrive in the order of a hash table.
        if (events.length > 0) lines.push(`    ${i} hears ${events.sort().join(', ')}`)
      }
    }
  } finally {
    for (const { session } of clients) await session.close()
  }
  return lines
}

/**
 * Our members keep watches of several kinds on one path side by side, as 3.9 does; in 3.8 the later watch
 * replaces the earlier one (ZOOKEEPER-4466). So a client only sets watches of the first kind that it set on a
 * path.
 */
function tamed({ kinds }: Client, action: Action): Action {
  const { name, arguments: values } = action
  const path = values[0] as string
  const asked: WatchKind | null =
    name === 'addWatch'
      ? values[1] === 0
        ? 'persistent'
        : 'recursive'
      : /^(exists|getData|getChildren2?)$/.test(name) && values[1] === true
        ? 'standard'
        : null
  const kind = kinds.get(path)
  if (asked !== null && kind === undefined) kinds.set(path, asked)
  else if (asked === 'standard' && kind !== 'standard') return { ...action, arguments: [path, false] }
  else if (asked !== null && asked !== kind) return { ...action, name: 'exists', arguments: [path, false] }
  // In 3.9 the kinds children and data mean standard watches only.
  return name === 'removeWatches' && kind !== 'standard' ? { ...action, arguments: [path, 3] } : action
}

async function act(
  client: Client,
  action: Action,
  root: string,
  open: (options?: object) => Promise<RawSession>,
): Promise<Answer | null> {
  const { session } = client
  if (action.name === 'newSession') {
    await session.close()
    client.session = await open()
    client.watched = nothingWatched()
    client.kinds.clear()
    return null
  }
  if (action.name === 'reconnect') {
    const { sessionId, password, lastZxid } = session
    await session.drop()
    client.session = await open({ sessionId, password })
    const [data, exist, child, persistent, recursive] = Object.values(client.watched).map((paths) => [
      ...paths,
    ])
    const watched = { data, exist, child, persistent, recursive } as Record<string, string[]>
    return client.session.do(op.setWatches2(lastZxid, watched))
  }
  const answer = await session.do(operationOf(action, root))
  remember(client, action, root, answer)
  return answer
}

function remember(
  { watched }: Client,
  { name, arguments: values }: Action,
  root: string,
  { outcome }: Answer,
): void {
  const path = root + (values[0] as string)
  if (name === 'exists' && values[1] === true) (outcome === 'ok' ? watched.data : watched.exist).add(path)
  if (outcome !== 'ok') return
  if (name === 'getData' && values[1] === true) watched.data.add(path)
  if (name.startsWith('getChildren') && values[1] === true) watched.child.add(path)
  if (name === 'addWatch') (values[1] === 0 ? watched.persistent : watched.recursive).add(path)
}

function shown(value: unknown, base: bigint, sessions: Map<bigint, string>, root: string): string {
  const text = JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'ctime' || key === 'mtime') return undefined
    if (typeof inner !== 'bigint') return inner
    if (key === 'ephemeralOwner') return sessions.get(inner) ?? String(inner)
    // 0 and -1 are markers, not zxids.
    return inner <= 0n ? String(inner) : `+${inner - base}`
  })
  return text.replaceAll(root, '~')
}
