/** Everything that reads bytes of others: records, transactions, streams of three ports, and files. */
import { isDeepStrictEqual } from 'node:util'
import {
  decodeGreeting,
  decodeNotification,
  encodeNotification,
  MAX_NOTIFICATION_LENGTH,
} from '../../src/core/election/codec.ts'
import { readMulti } from '../../src/core/writes/multi.ts'
import * as packets from '../../src/core/zab/packets.ts'
import { QuorumPacketParser } from '../../src/net/quorumPackets.ts'
import { FrameParser } from '../../src/protocol/frames.ts'
import { decode, encode, type RecordType, type Type } from '../../src/protocol/jute.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import { Reader } from '../../src/protocol/reader.ts'
import * as client from '../../src/protocol/records/client.ts'
import * as data from '../../src/protocol/records/data.ts'
import * as quorum from '../../src/protocol/records/quorum.ts'
import * as txn from '../../src/protocol/records/txn.ts'
import { checkParts, decodeTransaction, encodeTransaction } from '../../src/protocol/transaction.ts'
import type { Zxid } from '../../src/protocol/zxid.ts'
import { readEpochs } from '../../src/storage/epochs.ts'
import { LogFile } from '../../src/storage/log/logFile.ts'
import { logHeader, writeEntry } from '../../src/storage/log/logFormat.ts'
import { recoverDatabase } from '../../src/storage/recovery.ts'
import { adler32 } from '../../src/storage/snapshot/adler32.ts'
import { readSnapshot } from '../../src/storage/snapshot/snapshotFile.ts'
import { Database } from '../../src/tree/database.ts'
import { DatabaseReader } from '../../src/tree/snapshotFormat.ts'
import { framed } from '../core/requests/conversation.ts'
import { type Decoder, weightOf } from './hunt.ts'
import { memoryFiles } from './memoryFiles.ts'
import * as recorded from './recorded.ts'

/** Every record that is declared, by name. */
export const records: [name: string, type: RecordType<object>][] = [client, data, quorum, txn].flatMap(
  (module) =>
    Object.entries(module).filter((entry): entry is [string, RecordType<object>] => isRecord(entry[1])),
)

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'fields' in value && 'read' in value
}

/** What was read can be written, and is read the same again; and it is no larger than its bytes. */
function readAndWrite<T>(type: Type<T>, bytes: Buffer): T {
  const value = decode(type, bytes)
  const again = decode(type, encode(type, value))
  if (!isDeepStrictEqual(again, value)) throw new Error('what was written again reads otherwise')
  // A last field that is missing costs no byte; nothing else is free.
  if (weightOf(value) > bytes.length + 4) throw new Error(`a value of weight ${weightOf(value)}`)
  return value
}

/** Cut after each of these many bytes in turn: what a stream means does not depend on it. */
const CUTS = [1, 2, 3, 5, 8, 13, 21]

function inPieces(bytes: Buffer, push: (piece: Buffer) => void): void {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const end = start + (CUTS[i % CUTS.length] as number)
    push(bytes.subarray(start, end))
    start = end
  }
}

/** A stream gives the same whole and in pieces, up to where it fails. */
function eitherWay(
  bytes: Buffer,
  read: (pushAll: (push: (piece: Buffer) => void) => void) => unknown,
): unknown {
  const outcomeOf = (pushAll: (push: (piece: Buffer) => void) => void) => {
    try {
      return { value: read(pushAll), error: null }
    } catch (error) {
      return { value: null, error }
    }
  }
  const whole = outcomeOf((push) => push(bytes))
  const pieces = outcomeOf((push) => inPieces(bytes, push))
  if ((whole.error === null) !== (pieces.error === null) || !isDeepStrictEqual(whole.value, pieces.value))
    throw new Error(`whole: ${show(whole)}; in pieces: ${show(pieces)}`)
  if (whole.error !== null) throw whole.error
  return whole.value
}

function show({ value, error }: { value: unknown; error: unknown }): string {
  const bigints = (_: string, field: unknown) => (typeof field === 'bigint' ? String(field) : field)
  return error instanceof Error ? String(error.stack) : JSON.stringify(value, bigints)
}

function quorumStream(bytes: Buffer, readsSnapshots: boolean): unknown {
  return eitherWay(bytes, (pushAll) => {
    const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots })
    const seen: unknown[] = []
    pushAll((piece) =>
      parser.push(piece, (packet, database) => seen.push([packet, database && contentOf(database)])),
    )
    return seen
  })
}

function contentOf(database: Database): unknown {
  return [[...database.sessions], [...database.tree.nodes()], [...database.tree.acls.entries()]]
}

const dir = '/data'
const recovery = { snapDir: dir, logDir: dir, commitLogCount: 10, trustEmpty: true, upTo: null }

/** A log with one entry whose checksum fits, whatever its payload. */
function logOf(payload: Buffer): Buffer {
  const file = Buffer.alloc(16 + 13 + payload.length + 512)
  logHeader().copy(file)
  writeEntry(file, 16, payload)
  return file
}

/** A snapshot whose seal fits, whatever its body. */
function sealed(body: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from('5a4b534e00000002ffffffffffffffff', 'hex'), body])
  const seal = Buffer.from('0000000000000000000000012f', 'hex')
  seal.writeUInt32BE(adler32(head), 4)
  return Buffer.concat([head, seal])
}

function recovered(files: Record<string, Buffer>): unknown {
  const found = recoverDatabase(memoryFiles(files), recovery)
  return found && { ...found, database: contentOf(found.database) }
}

const epochTexts = ['0', '7', '2097151', '2097152', '-1', '', '1 ', 'x', '99999999999'].map((text) =>
  Buffer.from(text),
)

export async function decoders(): Promise<Decoder[]> {
  const recording = await recorded.recordConversations()
  const transactions = [...recording.transactions, ...recorded.apacheTransactions()]
  const bodies = recorded.ourBodies(recording)
  const snapshots = [...recorded.apacheSnapshots(), ...recorded.ourSnapshots(recording)]
  const packetBytes = recorded.quorumPackets(transactions)
  const requests = recording.frames.filter(({ isConnect }) => !isConnect).map(({ frame }) => frame)
  const multis = requests
    .filter((frame) => frame.length >= 8 && frame.readInt32BE(4) === OpCode.multi)
    .map((frame) => frame.subarray(8))
  const readable = <T>(type: Type<T>, candidates: readonly Buffer[]): Buffer[] =>
    candidates.filter((bytes) => {
      try {
        decode(type, bytes)
        return true
      } catch {
        return false
      }
    })
  const candidates = [
    ...recording.frames.map(({ frame }) => frame),
    ...requests.map((frame) => frame.subarray(8)),
    ...transactions,
    ...transactions.map((bytes) => bytes.subarray(32)),
    ...packetBytes,
    Buffer.alloc(80),
  ]
  const ofRecords = records.map(
    ([name, type]): Decoder => ({
      name: `record ${name}`,
      corpus: readable(type, candidates).slice(0, 40),
      decode: (bytes) => readAndWrite(type, bytes),
    }),
  )
  return [
    ...ofRecords,
    {
      name: 'transaction',
      weight: 6,
      corpus: transactions,
      decode(bytes) {
        const transaction = decodeTransaction(bytes)
        const again = decodeTransaction(encodeTransaction(transaction))
        if (!isDeepStrictEqual(again, transaction)) throw new Error('what was written again reads otherwise')
        checkParts(transaction.body)
        return transaction
      },
    },
    {
      name: 'transaction, replayed',
      weight: 6,
      corpus: transactions,
      decode: (bytes) => Database.initial().replay(decodeTransaction(bytes)),
    },
    {
      name: 'multi',
      weight: 3,
      corpus: multis.filter((bytes) => readsMulti(bytes)),
      decode: (bytes) => readMulti(new Reader(bytes)),
    },
    {
      name: 'frames of a client',
      weight: 3,
      corpus: recording.frames.map(({ frame }) => framed(frame)),
      decode: (bytes) =>
        eitherWay(bytes, (pushAll) => {
          const parser = new FrameParser(0xfffff)
          const frames: Buffer[] = []
          pushAll((piece) => parser.push(piece, (frame) => frames.push(Buffer.from(frame))))
          return frames
        }),
    },
    {
      name: 'quorum packets, at a leader',
      weight: 6,
      corpus: [...packetBytes, Buffer.concat(packetBytes.slice(0, 8))],
      decode: (bytes) => quorumStream(bytes, false),
    },
    {
      name: 'quorum packets, at a learner',
      weight: 3,
      corpus: [...recorded.snapStreams(bodies.slice(1)), ...packetBytes],
      decode: (bytes) => quorumStream(bytes, true),
    },
    { name: 'data of quorum packets', weight: 3, corpus: packetBytes, decode: dataOfPacket },
    {
      name: 'notification',
      weight: 3,
      corpus: recorded.notifications(),
      decode(bytes) {
        const notification = decodeNotification(bytes)
        encodeNotification(notification)
        return notification
      },
    },
    {
      name: 'frames of the election port',
      weight: 2,
      corpus: recorded.notifications().map(framed),
      decode: (bytes) =>
        eitherWay(bytes, (pushAll) => {
          const parser = new FrameParser(MAX_NOTIFICATION_LENGTH)
          const seen: Buffer[] = []
          pushAll((piece) => parser.push(piece, (frame) => seen.push(Buffer.from(frame))))
          return seen
        }),
    },
    { name: 'greeting', weight: 3, corpus: recorded.greetings(), decode: (bytes) => decodeGreeting(bytes) },
    {
      name: 'database',
      weight: 2,
      corpus: bodies.slice(1),
      decode: (bytes) =>
        eitherWay(bytes, (pushAll) => {
          const reader = new DatabaseReader()
          pushAll((piece) => {
            if (reader.database === null) reader.push(piece)
          })
          return reader.database === null ? null : contentOf(reader.database)
        }),
    },
    {
      name: 'snapshot file',
      weight: 2,
      corpus: snapshots,
      decode: (bytes) =>
        contentOf(
          readSnapshot(memoryFiles({ '/s': bytes }), { path: '/s', zxid: 0 as Zxid, compression: '' })
            .database,
        ),
    },
    {
      name: 'snapshot file whose seal fits',
      weight: 2,
      corpus: bodies,
      decode: (bytes) => recovered({ [`${dir}/snapshot.1`]: sealed(bytes) }),
    },
    {
      name: 'log file',
      weight: 2,
      corpus: transactions.map(logOf),
      decode(bytes) {
        const log = new LogFile(memoryFiles({ '/l': bytes }), { path: '/l', zxid: 1 as Zxid })
        const payloads: Buffer[] = []
        for (let entry = log.next(); entry !== null; entry = log.next())
          payloads.push(Buffer.from(entry.payload))
        return [payloads, log.end]
      },
    },
    {
      name: 'log entry whose checksum fits',
      weight: 4,
      corpus: transactions.filter((bytes) => bytes.readInt32BE(12) === 0 && bytes.readInt32BE(16) === 1),
      decode: (bytes) => recovered({ [`${dir}/log.1`]: logOf(bytes) }),
    },
    {
      name: 'epoch file',
      corpus: epochTexts.slice(0, 2),
      decode: (bytes) =>
        readEpochs(memoryFiles({ '/e/acceptedEpoch': bytes, '/e/currentEpoch': bytes }), '/e', 0 as Zxid),
    },
  ]
}

function readsMulti(bytes: Buffer): boolean {
  try {
    readMulti(new Reader(bytes))
    return true
  } catch {
    return false
  }
}

/** What leaders and learners make of a packet's data. */
function dataOfPacket(bytes: Buffer): unknown {
  const packet = decode(quorum.QuorumPacket, bytes)
  const read: unknown[] = []
  let failure: unknown = null
  for (const take of [
    () => packets.touchedSessions(packet.data),
    () => packets.receivedRequest(packet, 1),
    () => packets.readLearnerInfo(packet.data),
    () => packets.readInt(packet.data),
    () => packets.readSessionTimeout(packet.data),
    () => packets.readValidity(packet.data),
    () => encode(quorum.QuorumPacket, packets.pingReply(packet.zxid, [])),
  ]) {
    try {
      read.push(take())
    } catch (error) {
      failure = error
      read.push(null)
    }
  }
  if (read.every((value) => value === null)) throw failure
  if (failure !== null && !(failure instanceof Error && failure.name === 'DecodeError')) throw failure
  return read
}
