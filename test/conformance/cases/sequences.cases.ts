/** Sequential znodes: where their numbers come from. */
import { expect } from 'vitest'
import * as op from '../operations.ts'
import type { RawSession } from '../rawSession.ts'
import { conformance } from '../suite.ts'

const sequential = { flags: op.Flag.sequential }
const next = async (session: RawSession, prefix: string): Promise<string> =>
  (await session.must(op.create(prefix, sequential))).path.slice(prefix.length)

conformance('sequential znodes', 'plain', (it) => {
  it('count from 0 with ten digits', async (at) => {
    const session = await at.open()
    expect(await next(session, `${at.root}/s-`)).toBe('0000000000')
    expect(await next(session, `${at.root}/s-`)).toBe('0000000001')
  })

  it('count per parent, not per prefix', async (at) => {
    const session = await at.open()
    await next(session, `${at.root}/a-`)
    expect(await next(session, `${at.root}/b-`)).toBe('0000000001')
  })

  it('count plain children, too', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/plain`))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000001')
  })

  it('do not count deletions', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/plain`))
    await session.must(op.remove(`${at.root}/plain`))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000001')
  })

  it('do not count creates that fail', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/plain`))
    await session.do(op.create(`${at.root}/plain`))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000001')
  })

  it('do not count grandchildren', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/plain`))
    await session.must(op.create(`${at.root}/plain/child`))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000001')
  })

  it('start over when the parent is created anew', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/p`))
    const first = await session.must(op.create(`${at.root}/p/s-`, sequential))
    await session.must(op.remove(first.path))
    await session.must(op.remove(`${at.root}/p`))
    await session.must(op.create(`${at.root}/p`))
    expect(await next(session, `${at.root}/p/s-`)).toBe('0000000000')
  })

  it('may have only a number as their name', async (at) => {
    const session = await at.open()
    expect((await session.must(op.create(`${at.root}/`, sequential))).path).toBe(`${at.root}/0000000000`)
  })

  it('do not skip a number that is taken, but fail', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/s-0000000001`))
    expect((await session.do(op.create(`${at.root}/s-`, sequential))).outcome).toBe('NodeExists')
  })

  it('advance when one is refused because it exists', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/s-0000000001`))
    await session.do(op.create(`${at.root}/s-`, sequential))
    await session.must(op.create(`${at.root}/plain`))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000002')
  })

  it('count within a multi', async (at) => {
    const session = await at.open()
    const { results } = await session.must(
      op.multi(
        op.create(`${at.root}/s-`, sequential),
        op.create(`${at.root}/x`),
        op.create(`${at.root}/s-`, sequential),
      ),
    )
    expect(results.map((r: op.PartResult) => (r.value as { path: string }).path)).toEqual([
      `${at.root}/s-0000000000`,
      `${at.root}/x`,
      `${at.root}/s-0000000002`,
    ])
  })

  it('do not count a multi that fails', async (at) => {
    const session = await at.open()
    await session.must(op.multi(op.create(`${at.root}/a`), op.check(at.root, 99)))
    expect(await next(session, `${at.root}/s-`)).toBe('0000000000')
  })

  it('of many clients are all different', async (at) => {
    const sessions = await Promise.all(at.ensemble.addresses.map((address) => at.open({ address })))
    const made = await Promise.all(
      sessions.map((session) =>
        session.doAll(...Array.from({ length: 20 }, () => op.create(`${at.root}/s-`, sequential))),
      ),
    )
    const paths = made.flat().map(({ value }) => value.path as string)
    expect(new Set(paths).size).toBe(20 * sessions.length)
  })

  it('of one client are in the order of its requests', async (at) => {
    const session = await at.open()
    const made = await session.doAll(
      ...Array.from({ length: 50 }, () => op.create(`${at.root}/s-`, sequential)),
    )
    const paths = made.map(({ value }) => value.path as string)
    expect(paths).toEqual([...paths].sort())
  })

  it('may be ephemeral, and are removed with their session without returning their numbers', async (at) => {
    const session = await at.open()
    await session.must(op.create(`${at.root}/s-`, { flags: op.Flag.ephemeralSequential }))
    await session.close()
    const other = await at.open()
    await other.settle()
    expect(await next(other, `${at.root}/s-`)).toBe('0000000001')
  })

  it('fire the watches of their whole name', async (at) => {
    const session = await at.open()
    await session.do(op.exists(`${at.root}/s-0000000000`, true))
    await next(session, `${at.root}/s-`)
    expect(session.events).toEqual([`created ${at.root}/s-0000000000`])
  })

  it('of a create2 return their Stat', async (at) => {
    const session = await at.open()
    const { path, stat } = await session.must(op.create2(`${at.root}/s-`, { ...sequential, data: 'abc' }))
    expect(path).toBe(`${at.root}/s-0000000000`)
    expect(stat).toMatchObject({ version: 0, dataLength: 3, ephemeralOwner: 0n, numChildren: 0 })
  })
})
