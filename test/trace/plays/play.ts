/**
 * A play: scenes that any arrangement of engines can play on a stage, where every order that would be chance
 * is fixed.
 */
import type { Engine } from '../../../src/host/host.ts'
import { PacketType } from '../../../src/protocol/opcodes.ts'
import { counterOf } from '../../../src/protocol/zxid.ts'
import { eventually } from '../../support/eventually.ts'
import { buffer, createBody, opcode, setDataBody } from '../../support/wire.ts'
import type { MemberId } from '../recording/addresses.ts'
import type { Matcher } from '../recording/proxy.ts'
import type { Said } from '../recording/recording.ts'
import type { Stage } from '../stage.ts'
import type { TraceClient } from '../traceClient.ts'

export interface Play {
  readonly name: string
  readonly title: string
  readonly members: number
  readonly observers: readonly MemberId[]
  readonly set: Readonly<Record<string, string>>
  act(stage: Stage): Promise<void>
}

/** `AZZ`: one letter for each member, A for Apache's, Z for ours. */
export type Arrangement = string

export function enginesOf(arrangement: Arrangement): Engine[] {
  return [...arrangement].map((letter) => (letter.toUpperCase() === 'A' ? 'apache' : 'zk-pseudo'))
}

export const isPacket =
  (type: number, from?: MemberId, to?: MemberId): Matcher =>
  ({ content, ...said }) =>
    content.kind === 'packet' &&
    content.packet.type === type &&
    (from === undefined || said.from === from) &&
    (to === undefined || said.to === to)

/** Acknowledgements of NEWLEADER and UPTODATE, whose zxids count no transaction. */
export const isAckOfEpoch: Matcher = (said) =>
  isPacket(PacketType.ack)(said) &&
  said.content.kind === 'packet' &&
  counterOf(said.content.packet.zxid) === 0

const isNotification: Matcher = ({ content }) => content.kind === 'notification'

/**
 * Starts all members at once. No member receives a vote before all have cast theirs, nor is an
 * acknowledgement of NEWLEADER delivered before all have sent it: so no member is too late for the first
 * election, or is synced after the epoch was established.
 */
export async function startTogether(stage: Stage, ids: readonly MemberId[], leader: MemberId): Promise<void> {
  const votes = stage.proxy.hold(isNotification)
  const acks = stage.proxy.hold(isAckOfEpoch)
  await stage.start(...ids)
  const pairs = ids.length * (ids.length - 1)
  await eventually('a vote of everybody to everybody', () => directionsOf(votes.held).size === pairs, {
    everyMs: 5,
  })
  votes.release()
  const learners = ids.filter((id) => id !== leader)
  await eventually('NEWLEADER to be acknowledged', () => directionsOf(acks.held).size === learners.length, {
    everyMs: 5,
  })
  acks.release()
  await stage.settled(leader, learners)
}

const directionsOf = (held: readonly Said[]) => new Set(held.map(({ from, to }) => `${from} ${to}`))

export async function create(client: TraceClient, path: string, data = '', flags = 0): Promise<number> {
  return (await client.call(opcode.create, createBody(path, Buffer.from(data), flags))).error
}

export async function set(client: TraceClient, path: string, data: string, version = -1): Promise<number> {
  return (await client.call(opcode.setData, setDataBody(path, Buffer.from(data), version))).error
}

export async function sync(client: TraceClient, path: string): Promise<number> {
  return (await client.call(opcode.sync, buffer(path))).error
}
