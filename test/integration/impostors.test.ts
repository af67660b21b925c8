/**
 * A stranger that claims the id of a live member at the ports between members, in whole ensembles. The same
 * holds for Apache ZooKeeper (ZK_TEST_ENGINE=both), with one exception: at Apache's election port a
 * newcomer's connection replaces the existing one.
 */

import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { encodeGreeting } from '../../src/core/election/codec.ts'
import * as packets from '../../src/core/zab/packets.ts'
import { QuorumPacketParser } from '../../src/net/quorumPackets.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { encode } from '../../src/protocol/jute.ts'
import { PacketType } from '../../src/protocol/opcodes.ts'
import { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import { epochOf, type Zxid } from '../../src/protocol/zxid.ts'
import {
  allServe,
  describeEngines,
  leaderOf,
  type TestEnsemble,
  type TestMember,
} from '../support/ensembles.ts'
import { eventually } from '../support/eventually.ts'
import { memoryBytes } from '../support/procfs.ts'
import { RawClient } from '../support/rawClient.ts'

/** Dials a leader's quorum port, and keeps what it receives. */
class Stranger implements Disposable {
  readonly socket: Socket
  readonly heard: QuorumPacket[] = []

  constructor(port: number) {
    const parser = new QuorumPacketParser({ maxDataBytes: 2_097_150, readsSnapshots: true })
    this.socket = connect({ host: '127.0.0.1', port })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => parser.push(chunk, (packet) => this.heard.push(packet)))
  }

  say(packet: QuorumPacket): void {
    this.socket.write(encode(QuorumPacket, packet))
  }

  hears(type: number): Promise<QuorumPacket> {
    return eventually(`a packet of type ${type}`, () => this.heard.find((packet) => packet.type === type))
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

async function settled(ensemble: TestEnsemble): Promise<{ leader: TestMember; follower: TestMember }> {
  await allServe(ensemble.members)
  const leader = await leaderOf(ensemble)
  const follower = ensemble.members.find(({ id }) => id !== leader.id) as TestMember
  return { leader, follower }
}

describeEngines('a stranger at the quorum port that claims the id of a live follower', (start) => {
  it('does not affect the follower, however far it gets without acknowledging NEWLEADER', async () => {
    await using ensemble = await start()
    const { leader, follower } = await settled(ensemble)
    // A member that loses its leader closes its clients' connections, so this connection shows that it did
    // not lose it.
    const client = await RawClient.open(follower.clientPort)
    await client.create('/before')
    using first = new Stranger(leader.quorumPort)
    first.say(packets.learnerInfo(PacketType.followerInfo, 1, follower.id as Sid))
    const { zxid } = await first.hears(PacketType.leaderInfo)
    await client.create('/while-offered')
    first.say(packets.ackEpoch(0 as Zxid, epochOf(zxid)))
    await first.hears(PacketType.newLeader)
    await client.create('/while-synced')
    first.socket.destroy()
    for (let i = 0; i < 12; i++) {
      using next = new Stranger(leader.quorumPort)
      next.say(packets.learnerInfo(PacketType.followerInfo, 1, follower.id as Sid))
      await next.hears(PacketType.leaderInfo)
    }
    await client.create('/after')
    client.close()
    expect(await leaderOf(ensemble)).toEqual(leader)
  })
})

describe('strangers that claim the ids of live members', () => {
  it('cannot accumulate at the quorum port', async () => {
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    await using ensemble = await Ensemble.start({ members: 3, ports: 'auto', dir: 'temp' })
    const leader = await ensemble.waitForLeader()
    const follower = ensemble.members.find(({ id }) => id !== leader.id)
    const port = leader.quorumPort as number
    const client = await RawClient.open(follower?.clientPort as number)
    const strangers = Array.from({ length: 20 }, () => new Stranger(port))
    for (const stranger of strangers)
      stranger.say(packets.learnerInfo(PacketType.followerInfo, 1, follower?.id as Sid))
    const silent = Array.from({ length: 80 }, () => new Stranger(port))
    const open = (all: readonly Stranger[]) => all.filter(({ socket }) => socket.readyState === 'open').length
    await eventually('only a few of them to stay', () => open(strangers) <= 4 && open(silent) <= 64)
    await client.create('/after')
    client.close()
    for (const { socket } of [...strangers, ...silent]) socket.destroy()
  })

  it.skipIf(process.platform !== 'linux')(
    'stay few and use little memory, however many come; members connect in between',
    {
      timeout: 60_000,
    },
    async () => {
      const { Ensemble } = await import('../../src/ensemble/index.ts')
      const options = { members: 3, ports: 'auto', dir: 'temp', isolation: 'process' } as const
      await using ensemble = await Ensemble.start({ ...options, set: { tickTime: '500' } })
      const leader = await ensemble.waitForLeader()
      const [follower] = ensemble.members.filter(({ id }) => id !== leader.id)
      const { pid } = (await ensemble.status()).members.find(({ id }) => id === leader.id) as { pid: number }
      const before = { files: openFiles(pid), memory: memoryBytes([pid]) ?? 0 }
      const claim = packets.learnerInfo(PacketType.followerInfo, 1, follower?.id as Sid)
      const address = { host: '127.0.0.1', port: follower?.electionPort as number }
      // Nearly as much as one packet may have, without its end.
      const half = Buffer.alloc(1_900_000)
      half.writeInt32BE(PacketType.followerInfo, 0)
      half.writeInt32BE(2_000_000, 12)
      const openings: [number, Buffer][] = [
        [leader.quorumPort as number, Buffer.alloc(0)],
        [leader.quorumPort as number, half],
        [leader.quorumPort as number, encode(QuorumPacket, claim)],
        [leader.electionPort as number, Buffer.alloc(0)],
        [leader.electionPort as number, encodeGreeting(follower?.id as Sid, address)],
      ]
      const sockets: Socket[] = []
      for (let wave = 0; wave < 200; wave++) {
        for (const [port, opening] of openings) {
          const socket = connect({ host: '127.0.0.1', port })
          socket.on('error', () => {}).resume()
          socket.write(opening)
          sockets.push(socket)
        }
        await sleep(5)
      }
      const room = 64 + 4 + 128 + 4
      await eventually('only a few of them to stay', () => openFiles(pid) - before.files <= room)
      expect((memoryBytes([pid]) ?? 0) - before.memory).toBeLessThan(32 * 1024 * 1024)
      await ensemble.kill(String(follower?.id))
      const back = await ensemble.start(String(follower?.id))
      expect(back).toMatchObject({ quorum: true, leaderAfter: leader.id })
      for (const socket of sockets) socket.destroy()
    },
  )

  it('at the election ports do not prevent the election of the next leader', async () => {
    const { Ensemble } = await import('../../src/ensemble/index.ts')
    await using ensemble = await Ensemble.start({ members: 3, ports: 'auto', dir: 'temp' })
    const { members } = ensemble
    const leader = await ensemble.waitForLeader()
    const sockets: Socket[] = []
    for (const member of members) {
      for (const { id, electionPort } of members.filter((other) => other.id !== member.id)) {
        const socket = connect({ host: '127.0.0.1', port: member.electionPort as number })
        socket.on('error', () => {}).resume()
        const address = { host: '127.0.0.1', port: electionPort as number }
        socket.write(encodeGreeting(id as Sid, address))
        sockets.push(socket)
      }
    }
    const verdict = await ensemble.kill(String(leader.id))
    expect(verdict.leaderAfter).not.toBeNull()
    expect(verdict.leaderAfter).not.toBe(leader.id)
    const back = await ensemble.start(String(leader.id))
    expect(back.quorum).toBe(true)
    for (const socket of sockets) socket.destroy()
  })
})
