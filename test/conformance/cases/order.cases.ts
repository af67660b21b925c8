/** The order of things: answers, events, reads after writes, and what other clients see of it. */
import { expect } from 'vitest'
import * as op from '../operations.ts'
import { conformance } from '../suite.ts'

conformance('order', 'plain', (it) => {
  it('answers come in the order of their requests, reads among writes', async (at) => {
    const session = await at.open()
    const operations = Array.from({ length: 200 }, (_, i) =>
      i % 3 === 0 ? op.setData(at.root, String(i)) : i % 3 === 1 ? op.getData(at.root) : op.sync('/'),
    )
    const answers = await session.doAll(...operations)
    const xids = answers.map(({ xid }) => xid)
    expect(session.heard).toEqual(xids.map((xid) => `answer ${xid}`))
    for (let i = 1; i < 200; i += 3) expect(answers[i]?.value.data).toBe(String(i - 1))
  })

  it('zxids of answers never fall', async (at) => {
    const session = await at.open()
    const operations = Array.from({ length: 100 }, (_, i) =>
      i % 2 === 0 ? op.setData(at.root) : op.exists('/'),
    )
    const zxids = (await session.doAll(...operations)).map(({ zxid }) => zxid)
    expect(zxids).toEqual([...zxids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  })

  it('a read after a write sees it, at every server', async (at) => {
    for (const address of at.ensemble.addresses) {
      const session = await at.open({ address })
      const [, read] = await session.doAll(op.setData(at.root, address), op.getData(at.root))
      expect(read?.value.data).toBe(address)
    }
  })

  it('a failed write takes a zxid', async (at) => {
    const session = await at.open()
    const before = await session.do(op.setData(at.root))
    const failed = await session.do(op.setData(at.root, 'x', 99))
    expect(failed.outcome).toBe('BadVersion')
    expect(failed.zxid).toBeGreaterThan(before.zxid)
  })

  it('an event comes before the answer to the write that fired it', async (at) => {
    const session = await at.open()
    await session.must(op.getData(at.root, true))
    session.heard.length = 0
    const { xid } = await session.do(op.setData(at.root))
    expect(session.heard).toEqual([`dataChanged ${at.root}`, `answer ${xid}`])
  })

  it('an event comes before the first answer that shows the change', async (at) => {
    const maker = await at.open()
    const session = await at.open({ address: at.elsewhere })
    await session.settle()
    await session.must(op.getData(at.root, true))
    await maker.must(op.setData(at.root, 'changed'))
    for (;;) {
      const { value } = await session.do(op.getData(at.root))
      if (value.data !== 'changed') continue
      expect(session.events).toEqual([`dataChanged ${at.root}`])
      return
    }
  })

  it('events come in the order of the changes, whatever their kind', async (at) => {
    const maker = await at.open()
    const session = await at.open({ address: at.elsewhere })
    await session.settle()
    await session.must(op.addWatch(at.root, 1))
    const expected: string[] = []
    for (let i = 0; i < 20; i++) {
      await maker.must(op.create(`${at.root}/${i}`))
      await maker.must(op.setData(`${at.root}/${i}`))
      expected.push(`created ${at.root}/${i}`, `dataChanged ${at.root}/${i}`)
    }
    await session.settle()
    expect(session.events).toEqual(expected)
  })

  it('after a sync, a read sees what another client wrote before', async (at) => {
    const maker = await at.open()
    for (const address of at.ensemble.addresses) {
      const session = await at.open({ address })
      for (let i = 0; i < 10; i++) {
        await maker.must(op.setData(at.root, `${address} ${i}`))
        const [, read] = await session.doAll(op.sync(at.root), op.getData(at.root))
        expect(read?.value.data).toBe(`${address} ${i}`)
      }
    }
  })

  it('a sync answers with its path, whether it exists or not', async (at) => {
    const session = await at.open()
    expect(await session.must(op.sync(at.root))).toEqual({ path: at.root })
    expect(await session.must(op.sync('/nowhere'))).toEqual({ path: '/nowhere' })
    expect(await session.must(op.sync('no path'))).toEqual({ path: 'no path' })
  })

  it('writes of two clients to one znode are all applied, one after another', async (at) => {
    const sessions = await Promise.all(at.ensemble.addresses.map((address) => at.open({ address })))
    const writes = sessions.map((session) =>
      session.doAll(...Array.from({ length: 50 }, () => op.setData(at.root))),
    )
    const versions = (await Promise.all(writes)).flat().map(({ value }) => value.stat.version as number)
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: versions.length }, (_, i) => i + 1))
  })

  it('of conditional writes with one version, one succeeds', async (at) => {
    const sessions = await Promise.all(at.ensemble.addresses.map((address) => at.open({ address })))
    const answers = await Promise.all(sessions.map((session) => session.do(op.setData(at.root, 'x', 0))))
    const outcomes = answers.map(({ outcome }) => outcome).sort()
    expect(outcomes).toEqual(['BadVersion', 'BadVersion', 'ok'].slice(3 - sessions.length))
  })

  it('of creates of one path, one succeeds', async (at) => {
    const sessions = await Promise.all(at.ensemble.addresses.map((address) => at.open({ address })))
    const answers = await Promise.all(sessions.map((session) => session.do(op.create(`${at.root}/one`))))
    expect(answers.filter(({ outcome }) => outcome === 'ok')).toHaveLength(1)
  })

  it('pings are answered among requests', async (at) => {
    const session = await at.open()
    const [write, ping, read] = await session.doAll(op.setData(at.root), op.ping(), op.getData(at.root))
    expect([write?.outcome, ping?.outcome, read?.outcome]).toEqual(['ok', 'ok', 'ok'])
    expect(ping?.xid).toBe(-2)
  })

  it('xids are echoed, whatever they are', async (at) => {
    const session = await at.open()
    for (const xid of [7, 7, 3, 0, 2147483647, 1])
      expect((await session.ask(op.exists('/'), xid)).xid).toBe(xid)
  })

  it('a client that does not read delays no other client', async (at) => {
    const lazy = await at.open()
    await lazy.must(op.setData(at.root, 'x'.repeat(100_000)))
    lazy.pauseReading()
    const pending = Array.from({ length: 200 }, () => lazy.do(op.getData(at.root)))
    const other = await at.open()
    expect((await other.do(op.setData(at.root))).outcome).toBe('ok')
    lazy.resumeReading()
    expect((await Promise.all(pending)).every(({ outcome }) => outcome === 'ok')).toBe(true)
  })
})
