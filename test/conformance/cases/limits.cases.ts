/** Tight limits, on a standalone server; and the other answers in which a standalone server differs. */
import { expect } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import * as op from '../operations.ts'
import { MAX_BUFFER, MAX_CONNECTIONS } from '../profiles.ts'
import { RawSession } from '../rawSession.ts'
import { conformance } from '../suite.ts'

conformance(
  'limits',
  'limited',
  (it) => {
    it('a request of jute.maxbuffer bytes is accepted, one byte more closes the connection', async (at) => {
      const session = await at.open()
      const overhead = 8 + op.setData(at.root, '').body.length
      const fits = Buffer.alloc(MAX_BUFFER - overhead, 'x')
      expect((await session.do(op.setData(at.root, fits))).outcome).toBe('ok')
      const answer = await session.do(op.setData(at.root, Buffer.alloc(fits.length + 1, 'x')))
      expect(answer.outcome).toBe('closed')
    })

    it('a reply may be longer than jute.maxbuffer', async (at) => {
      const session = await at.open()
      for (let i = 0; i < 100; i++) await session.must(op.create(`${at.root}/${'x'.repeat(60)}${i}`))
      expect((await session.must(op.getChildren(at.root))).children).toHaveLength(100)
    })

    it('connections beyond maxClientCnxns are closed without a greeting', async (at) => {
      const greeted: RawSession[] = []
      for (let i = 0; i < MAX_CONNECTIONS; i++) greeted.push(await at.open())
      const refused = await at.dial()
      expect(refused.greeting).toBeNull()
      await refused.closed()
      await greeted[0]?.close()
      await eventually('room for another', async () => (await at.dial()).greeting !== null)
    })

    it('a standalone server has an empty config and refuses reconfig', async (at) => {
      const session = await at.open()
      const { data } = await session.must(op.getData('/zookeeper/config'))
      expect(data).toBe('')
      expect((await session.do(op.reconfig(null, '9', null))).outcome).toBe('ReconfigDisabled')
    })

    it('zxids of a standalone server are in epoch 0', async (at) => {
      const session = await at.open()
      const { stat } = await session.must(op.setData(at.root))
      expect(stat.mzxid >> 32n).toBe(0n)
    })

    it('each write takes the next zxid, failed or not', async (at) => {
      const session = await at.open()
      const first = await session.do(op.setData(at.root))
      const failed = await session.do(op.create(at.root))
      const multi = await session.do(op.multi(op.create(`${at.root}/a`), op.create(`${at.root}/b`)))
      const read = await session.do(op.getData(at.root))
      const zxids = [first, failed, multi, read].map(({ zxid }) => Number(zxid - first.zxid))
      expect(zxids).toEqual([0, 1, 2, 2])
    })

    it('a session takes a zxid when it is created and one when it ends', async (at) => {
      const session = await at.open()
      const before = await session.do(op.setData(at.root))
      await (await RawSession.open(at.address)).close()
      expect((await session.do(op.setData(at.root))).zxid - before.zxid).toBe(3n)
    })
  },
  { sequential: true },
)
