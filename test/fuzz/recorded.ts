/**
 * Real conversations and files to begin with: what our own members say, and what Apache ZooKeeper has
 * written.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeGreeting, encodeNotification } from '../../src/core/election/codec.ts'
import * as packets from '../../src/core/zab/packets.ts'
import type { SessionId, Sid } from '../../src/protocol/ids.ts'
import { encode } from '../../src/protocol/jute.ts'
import { PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import { encodeTransaction } from '../../src/protocol/transaction.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { nodeFileSystem } from '../../src/storage/fileSystem.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { writeSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../src/tree/database.ts'
import { writeDatabase } from '../../src/tree/snapshotFormat.ts'
import { converse, framed } from '../core/requests/conversation.ts'
import { CoreServer } from '../core/requests/coreServer.ts'
import { READ_SCRIPTS } from '../core/requests/readScripts.ts'
import { SCRIPTS } from '../core/requests/scripts.ts'
import { randomWalk } from '../core/requests/walk.ts'
import { GOLDEN } from '../golden/expected.ts'

/** A frame that a client sent; the connection's first is its connect request. */
export interface ClientFrame {
  readonly frame: Buffer
  readonly isConnect: boolean
}

class RecordingServer extends CoreServer {
  readonly frames: ClientFrame[] = []
  private readonly heard = new Set<number>()

  override frame(connection: number, frame: Buffer): void {
    this.frames.push({ frame: Buffer.from(frame), isConnect: !this.heard.has(connection) })
    this.heard.add(connection)
    super.frame(connection, frame)
  }
}

interface Recording {
  readonly frames: readonly ClientFrame[]
  readonly transactions: readonly Buffer[]
  readonly database: Database
}

/** Of equal shape (type and length), a few are as good as all. */
function few<T>(items: readonly T[], keyOf: (item: T) => string, most: number): T[] {
  const counts = new Map<string, number>()
  return items.filter((item) => {
    const key = keyOf(item)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count <= most
  })
}

/** The scripts that are compared with Apache's answers, and a random walk. */
export async function recordConversations(): Promise<Recording> {
  const server = new RecordingServer()
  for (const steps of [...Object.values(SCRIPTS), ...Object.values(READ_SCRIPTS), randomWalk(3, 60)])
    await converse(server, steps)
  const keyOf = ({ frame, isConnect }: ClientFrame) =>
    `${isConnect} ${frame.length < 8 ? 0 : frame.readInt32BE(4)} ${frame.length}`
  const transactions = server.transactions.map(encodeTransaction)
  return {
    frames: few(server.frames, keyOf, 1),
    transactions: few(transactions, (bytes) => `${bytes.readInt32BE(28)} ${bytes.length}`, 1),
    database: server.core.replica.database,
  }
}

const goldenDirs = ['ensemble/leader', 'standalone/data'].map((name) => join(GOLDEN, name, 'version-2'))

/** Payloads of every log entry that Apache wrote; a few of each shape. */
export function apacheTransactions(): Buffer[] {
  const payloads: Buffer[] = []
  for (const dir of goldenDirs) {
    for (const name of readdirSync(dir).filter((file) => file.startsWith('log.'))) {
      const zxid = Number.parseInt(name.slice(4), 16) as Zxid
      const log = new LogFile(nodeFileSystem, { path: join(dir, name), zxid })
      for (let entry = log.next(); entry !== null; entry = log.next())
        payloads.push(Buffer.from(entry.payload))
      log.close()
    }
  }
  return few(payloads, (bytes) => `${bytes.readInt32BE(28)} ${bytes.length}`, 1)
}

/** The first snapshots are small. */
export function apacheSnapshots(): Buffer[] {
  return goldenDirs.map((dir) => readFileSync(join(dir, 'snapshot.0')))
}

export function ourSnapshots({ database }: Recording): Buffer[] {
  return [true, false].map((withDigest) => Buffer.concat([...writeSnapshot(database, 4096, withDigest)]))
}

export function ourBodies({ database }: Recording): Buffer[] {
  return [database, Database.initial()].map((each) => Buffer.concat([...writeDatabase(each, 4096)]))
}

const sid = 2 as Sid
const session = 0x200000abcdef0001n as SessionId

/** Packets as they pass on the quorum port, each alone. */
export function quorumPackets(transactions: readonly Buffer[]): Buffer[] {
  const mark = makeZxid(3, 0)
  const request = { sessionId: session, cxid: 7, type: 1, body: Buffer.from('body'), owner: 'local' } as const
  const ids = [
    { scheme: 'ip', id: '127.0.0.1' },
    { scheme: 'digest', id: 'u:hash' },
  ]
  const proposals = transactions.slice(0, 20).map((bytes, i) => ({ zxid: makeZxid(3, i + 1), bytes }))
  return [
    packets.learnerInfo(PacketType.followerInfo, 2, sid),
    packets.learnerInfo(PacketType.observerInfo, 0, sid),
    packets.leaderInfo(3),
    packets.ackEpoch(mark, 2),
    packets.newLeader(3, 'server.1=127.0.0.1:1:2:participant\nversion=0'),
    packets.diff(mark),
    packets.trunc(mark),
    packets.upToDate(),
    packets.ack(mark),
    packets.commit(mark),
    packets.ping(mark),
    packets.pingReply(mark, [{ sessionId: session, timeOut: 4000 }]),
    packets.revalidate(session, 4000),
    packets.validity(session, true),
    packets.syncReply(),
    packets.forwardedRequest({ ...request, authInfo: ids }),
    packets.forwardedRequest({ ...request, body: null, authInfo: [] }),
    ...proposals.flatMap((txn) => [packets.proposal(txn), packets.inform(txn)]),
  ].map((packet) => encode(QuorumPacket, packet))
}

/** SNAP, the database, and its signature. */
export function snapStreams(bodies: readonly Buffer[]): Buffer[] {
  const head = encode(QuorumPacket, packets.snap(makeZxid(3, 9)))
  const signature = framed(Buffer.from('BenWasHere'))
  const tail = encode(QuorumPacket, packets.newLeader(4, ''))
  return bodies.map((body) => Buffer.concat([head, body, signature, tail]))
}

/** Without their lengths; the two older forms too. */
export function notifications(): Buffer[] {
  const config = 'server.1=127.0.0.1:1:2:participant;127.0.0.1:3\nversion=100000000'
  const one = { leader: sid, zxid: makeZxid(3, 9), electionEpoch: 5, peerEpoch: 3, version: 2 }
  const current = Object.values(ServerState).map((state) =>
    encodeNotification({ ...one, state, config: state === ServerState.looking ? '' : config }).subarray(4),
  )
  const old = current[0] as Buffer
  const withoutConfig = Buffer.from(old.subarray(0, 40))
  return [...current, old.subarray(0, 28), withoutConfig]
}

export function greetings(): Buffer[] {
  const oldest = Buffer.alloc(8)
  oldest.writeBigInt64BE(3n)
  const many = new Writer(256)
  many.long(-65535n)
  many.longFromNumber(sid)
  many.string('127.0.0.1:3888|[::1]:3889|0.0.0.0:3890')
  return [
    encodeGreeting(sid, { host: '127.0.0.1', port: 3888 }),
    encodeGreeting(sid, { host: '::1', port: 65535 }),
    many.take(),
    oldest,
  ]
}
