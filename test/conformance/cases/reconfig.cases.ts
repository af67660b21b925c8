/**
 * Reconfiguration, as far as it is possible without new members. The cases run one after another; each undoes
 * its changes.
 */
import { expect } from 'vitest'
import type { EnsembleConfig, ZooKeeper } from '../../../src/client/index.ts'
import { eventually } from '../../support/eventually.ts'
import * as op from '../operations.ts'
import { SUPER } from '../profiles.ts'
import { type Case, conformance } from '../suite.ts'

/** A client of the leader: the sessions of this profile are local ones, and followers leave and join here. */
async function administrator(at: Case) {
  const client = await at.client({ address: (await at.ensemble.leader()).address })
  await client.addAuth('digest', SUPER)
  return client
}

/** Server lines name the client port after a semicolon; those from zoo.cfg leave it out. */
const withoutClientPort = (spec: string): string => spec.split(';')[0] as string
const plain = ([id, spec]: [number, string]): string => `${id} ${withoutClientPort(spec)}`

async function someFollower(at: Case, { servers }: EnsembleConfig) {
  const [member] = await at.ensemble.followers()
  if (member === undefined) throw new Error('nobody follows')
  const spec = withoutClientPort(servers.get(member.id) ?? '').replace(/:(participant|observer)$/, '')
  const joining = (role: string) => [`server.${member.id}=${spec}:${role};${member.address}`]
  return { id: member.id, member, joining }
}

/**
 * While a follower changes its place, the leader may not be connected to it yet, or still be busy with the
 * previous change.
 */
function reconfigured(admin: ZooKeeper, joining: string[]): Promise<EnsembleConfig> {
  return eventually(`the reconfiguration ${joining}`, () => admin.reconfig({ joining }))
}

conformance(
  'reconfig',
  'extended',
  (it) => {
    it('is allowed to those that may write the config znode', async (at) => {
      const session = await at.open()
      expect((await session.do(op.reconfig(null, '9', null))).outcome).toBe('NoAuth')
      expect((await session.do(op.reconfig(null, null, null))).outcome).toBe('NoAuth')
    })

    it('of a wrong version fails', async (at) => {
      const admin = await administrator(at)
      await expect(admin.reconfig({ leaving: [9], fromVersion: 0x12345n })).rejects.toMatchObject({
        code: -103,
      })
    })

    it('of an invalid server line fails', async (at) => {
      const admin = await administrator(at)
      await expect(admin.reconfig({ joining: ['server.9=nonsense'] })).rejects.toMatchObject({ code: -8 })
      await expect(admin.reconfig({ joining: ['nonsense'] })).rejects.toMatchObject({ code: -8 })
    })

    it('that removes all members fails', async (at) => {
      const admin = await administrator(at)
      const { servers } = await admin.getConfig()
      await expect(admin.reconfig({ leaving: [...servers.keys()] })).rejects.toMatchObject({ code: -8 })
    })

    it('that removes no member gives the next version of the current configuration', async (at) => {
      const admin = await administrator(at)
      const before = await admin.getConfig()
      const after = await admin.reconfig({ leaving: [99] })
      expect(after.servers).toEqual(before.servers)
      expect(after.version).toBeGreaterThan(before.version)
      expect(after.version).toBe(BigInt(after.stat.mzxid))
    })

    it('fires the watch of the config znode', async (at) => {
      const admin = await administrator(at)
      const events: string[] = []
      await admin.getConfig((event) => events.push(`${event.type} ${event.path}`))
      await admin.reconfig({ leaving: [99] })
      await eventually('the event', () => events.length === 1)
      expect(events).toEqual(['dataChanged /zookeeper/config'])
    })

    it('of a server without a client port fails', async (at) => {
      const admin = await administrator(at)
      const { servers } = await admin.getConfig()
      const [id, spec] = [...servers][0] as [number, string]
      const joining = [`server.${id}=${withoutClientPort(spec)}`]
      await expect(admin.reconfig({ joining })).rejects.toMatchObject({ code: -8 })
    })

    it('removes a follower and adds it again', async (at) => {
      const admin = await administrator(at)
      const before = await admin.getConfig()
      const { id, joining } = await someFollower(at, before)
      const without = await admin.reconfig({ leaving: [id] })
      expect([...without.servers.keys()].sort()).toEqual(
        [...before.servers.keys()].filter((n) => n !== id).sort(),
      )
      const again = await reconfigured(admin, joining('participant'))
      expect([...again.servers].map(plain).sort()).toEqual([...before.servers].map(plain).sort())
      await at.ensemble.allServe()
    })

    it('makes a follower an observer and a participant again', async (at) => {
      const admin = await administrator(at)
      const { id, member, joining } = await someFollower(at, await admin.getConfig())
      const observing = await reconfigured(admin, joining('observer'))
      expect(observing.servers.get(id)).toContain(':observer')
      await eventually('an observer', async () => (await at.ensemble.modeOf(member)) === 'observer')
      await reconfigured(admin, joining('participant'))
      await eventually('a follower', async () => (await at.ensemble.modeOf(member)) === 'follower')
    })

    it('with a whole list of members', async (at) => {
      const admin = await administrator(at)
      const before = await admin.getConfig()
      const members = [...before.servers].map(([id, spec]) => `server.${id}=${spec}`)
      const after = await admin.reconfig({ members })
      expect(after.servers).toEqual(before.servers)
    })

    it('is not part of a multi', async (at) => {
      const admin = await at.open()
      await admin.must(op.auth('digest', SUPER))
      const answer = await admin.do(op.multi(op.reconfig(null, '99', null)))
      expect(answer.outcome).not.toBe('ok')
    })
  },
  { sequential: true },
)
