/**
 * Impostors at the ports between members, in this process: whoever can dial them can say what he likes. He
 * may cost a re-election, as he may in Apache ZooKeeper, but never a member, and once he is gone all serve
 * and agree again.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeNotification } from '../../src/core/election/codec.ts'
import type { PeerCore } from '../../src/core/peer.ts'
import * as packets from '../../src/core/zab/packets.ts'
import type { Sid } from '../../src/protocol/ids.ts'
import { encode } from '../../src/protocol/jute.ts'
import { PacketType, ServerState } from '../../src/protocol/opcodes.ts'
import { QuorumPacket } from '../../src/protocol/records/quorum.ts'
import { makeZxid, type Zxid } from '../../src/protocol/zxid.ts'
import { CoreEnsemble } from './coreEnsemble.ts'
import { wrongBytes } from './mutations.ts'
import { notifications, quorumPackets, recordConversations } from './recorded.ts'
import { createFrame } from './requests.ts'
import { seed, seeded } from './seed.ts'

const recording = await recordConversations()
const recorded = quorumPackets(recording.transactions)
const bytesOf = (packet: QuorumPacket) => encode(QuorumPacket, packet)

/** The steps by which a learner becomes one, for the epoch that is led. */
function becoming(sid: number, epoch: number, last: Zxid): Buffer[] {
  return [
    packets.learnerInfo(PacketType.followerInfo, epoch, sid as Sid),
    packets.ackEpoch(last, epoch),
    packets.ack(makeZxid(epoch, 0)),
  ].map(bytesOf)
}

/**
 * How far he gets before he says what is wrong, and as whom he comes: a follower, an observer that is none,
 * the leader.
 */
const visit = fc.record({
  sid: fc.constantFrom(0, 1, 2, 9),
  honestSteps: fc.nat(3),
  wrong: fc.array(fc.oneof(wrongBytes(recorded), fc.constantFrom(...recorded)), {
    minLength: 1,
    maxLength: 5,
  }),
})

describe('at the quorum port', () => {
  it('cost at most a re-election, and no member', { timeout: 120_000 }, () => {
    seeded(() => {
      const ensemble = new CoreEnsemble(seed)
      const visits = fc.sample(visit, { numRuns: 2000, seed })
      for (const [index, { sid, honestSteps, wrong }] of visits.entries()) {
        const { replica } = ensemble.leader.core as PeerCore
        const say = ensemble.learner()
        for (const step of becoming(sid, replica.currentEpoch, replica.lastLogged).slice(0, honestSteps)) {
          say(step)
          if (index % 2 === 0) ensemble.run(1)
        }
        for (const bytes of wrong) say(bytes)
        ensemble.run(30)
        ensemble.settle()
        if (index % 100 === 99) ensemble.prove(`/proof-${index}`)
      }
      ensemble.prove('/last')
      console.info(`${visits.length} impostors at the quorum port, epoch ${ensemble.epoch}, seed ${seed}`)
    })
  })

  const claims: [string, (epoch: number, last: Zxid) => Buffer][] = [
    ['acknowledges what was never proposed', (epoch) => bytesOf(packets.ack(makeZxid(epoch, 0xffff)))],
    ['acknowledges an epoch to come', (epoch) => bytesOf(packets.ack(makeZxid(epoch + 1, 1)))],
    ['acknowledges Long.MAX_VALUE', () => bytesOf(packets.ack((2 ** 63) as Zxid))],
    ['forwards a request of an unknown type', () => bytesOf(requestOf(4711, Buffer.alloc(3)))],
    ['forwards half a createSession', () => bytesOf(requestOf(-10, Buffer.alloc(3)))],
    ['forwards a session of negative time', () => bytesOf(requestOf(-10, Buffer.from('80000000', 'hex')))],
    ['forwards a top-level check', () => bytesOf(requestOf(13, Buffer.alloc(8)))],
    ['asks for a session that is nobody’s', () => bytesOf(packets.revalidate(-1n as never, -0x80000000))],
    ['keeps sessions alive by halves', (_, last) => pingOf(last, Buffer.alloc(17))],
    ['tells the leader to commit', (_, last) => bytesOf(packets.commit(last))],
    ['sends the leader a database', (_, last) => bytesOf(packets.snap(last))],
    [
      'introduces itself again',
      (epoch) => bytesOf(packets.learnerInfo(PacketType.followerInfo, epoch, 1 as Sid)),
    ],
  ]
  it.each(claims)('a synced follower that %s', (_, claim) => {
    const ensemble = new CoreEnsemble(1)
    ensemble.prove('/before')
    const { replica } = ensemble.leader.core as PeerCore
    const follower = ensemble.members.find((member) => member !== ensemble.leader) as { sid: number }
    const say = ensemble.learner()
    // Before the real one is back, which would replace him.
    for (const step of becoming(follower.sid, replica.currentEpoch, replica.lastLogged)) say(step)
    const phases = [...(ensemble.leader.core?.leader?.learnerViews ?? [])].map(({ sid, phase }) => [
      sid,
      phase,
    ])
    expect(phases).toContainEqual([follower.sid, 'synced'])
    expect(phases.length).toBe(2)
    say(claim(replica.currentEpoch, replica.lastLogged))
    ensemble.run(30)
    ensemble.prove('/after')
  })

  it.each([0x1f_ffff, 0x7fff_ffff])('one that has accepted epoch %i does not use epochs up', (accepted) => {
    const ensemble = new CoreEnsemble(1)
    // A leader is found anew, and the impostor is the first who comes.
    ensemble.replaceLeader((say) =>
      say(
        bytesOf({ ...packets.learnerInfo(PacketType.followerInfo, 0, 1 as Sid), zxid: epochMark(accepted) }),
      ),
    )
    ensemble.prove('/after')
    expect(ensemble.epoch).toBeLessThan(1000)
  })
})

function epochMark(epoch: number): Zxid {
  return (epoch * 2 ** 32) as Zxid
}

function requestOf(type: number, body: Buffer): QuorumPacket {
  return packets.forwardedRequest({
    sessionId: 77n as never,
    cxid: 1,
    type,
    body,
    authInfo: [],
    owner: 'local',
  })
}

function pingOf(zxid: Zxid, data: Buffer): Buffer {
  return bytesOf({ type: PacketType.ping, zxid, data, authinfo: null })
}

const wrongNotification = fc.tuple(
  fc.constantFrom(0, 1, 2, 9),
  fc.nat(2),
  fc.oneof(
    wrongBytes(notifications()),
    fc
      .record({
        state: fc.constantFrom(...Object.values(ServerState)),
        leader: fc.constantFrom(0, 1, 2, 9, -(2 ** 63)) as fc.Arbitrary<number> as fc.Arbitrary<Sid>,
        zxid: fc.oneof(fc.constantFrom(-1, 0, 2 ** 33, 2 ** 52, 2 ** 53 - 1), fc.maxSafeInteger()),
        electionEpoch: fc.oneof(fc.nat(5), fc.constantFrom(-1, 2 ** 31, 2 ** 52, 2 ** 53 - 1)),
        peerEpoch: fc.oneof(fc.nat(5), fc.constantFrom(-1, 2 ** 21, 2 ** 31, 2 ** 53 - 1)),
        version: fc.constant(2),
        config: fc.string({ maxLength: 10 }),
      })
      .map((claim) => encodeNotification({ ...claim, zxid: claim.zxid as Zxid }).subarray(4)),
  ),
)

describe('at the election port', () => {
  it('change nothing where a leader is followed', { timeout: 120_000 }, () => {
    seeded(() => {
      const ensemble = new CoreEnsemble(seed)
      const { epoch } = ensemble
      const claims = fc.sample(wrongNotification, { numRuns: 5000, seed })
      for (const [index, [from, to, bytes]] of claims.entries()) {
        ensemble.notify(ensemble.members[to] as (typeof ensemble.members)[0], from, bytes)
        if (index % 10 === 0) ensemble.run(5)
        if (index % 1000 === 999) ensemble.prove(`/proof-${index}`)
      }
      expect(ensemble.epoch).toBe(epoch)
      console.info(`${claims.length} false notifications, seed ${seed}`)
    })
  })

  it('cannot keep a leader from being found once they are gone', { timeout: 120_000 }, () => {
    seeded(() => {
      const claims = fc.sample(fc.array(wrongNotification, { minLength: 1, maxLength: 8 }), {
        numRuns: 600,
        seed,
      })
      const ensemble = new CoreEnsemble(seed)
      let slowestMs = 0
      for (const [index, batch] of claims.entries()) {
        const { leader } = ensemble
        leader.crash()
        // Some hear it while they still follow, some while they look, some when it is decided.
        ensemble.run(index % 7)
        for (const [from, to, bytes] of batch) {
          ensemble.notify(ensemble.members[to] as (typeof ensemble.members)[0], from, bytes)
          ensemble.run(1)
        }
        // Two must do without the third, whatever is said of him.
        const others = ensemble.members.filter((member) => member !== leader)
        slowestMs = Math.max(slowestMs, ensemble.settle(others))
        leader.start()
        ensemble.settle()
        if (index % 100 === 99) ensemble.prove(`/proof-${index}`)
      }
      console.info(
        `${claims.length} elections with impostors, the slowest ${Math.round(slowestMs)} ms, seed ${seed}`,
      )
    })
  })
})

/** Recorded frames of clients are not what this port is for. */
describe('a client’s bytes at the quorum port', () => {
  it('are refused', () => {
    const ensemble = new CoreEnsemble(1)
    const say = ensemble.learner()
    say(createFrame(1, '/a'))
    ensemble.run(30)
    ensemble.prove('/after')
  })
})
