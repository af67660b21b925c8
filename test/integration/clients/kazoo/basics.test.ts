/** kazoo as its users use it: nodes, transactions, watches, ACLs; and uninterrupted writes. */
import { expect, it } from 'vitest'
import { LeaderKill } from '../leaderKill.ts'
import { describeKazoo } from './kazoo.ts'

describeKazoo('nodes', ({ ensemble, script }) => {
  it('creates, transacts, watches and protects nodes', async (context) => {
    using program = script(context, 'basics')
    const created = await program.step('create')
    expect(created).toMatchObject({ data: 'http://one', version: 0 })
    expect(created.czxid).toBe(created.mzxid)
    expect(await program.step('errors')).toMatchObject({ exists: true, missing: true, version: true })
    // The counter of a sequence is the number of creates under the parent, and /app/config was the first.
    const names = ['/app/job-0000000001', '/app/job-0000000002', '/app/job-0000000003']
    expect(await program.step('sequence')).toMatchObject({ names })
    expect(await program.step('transaction')).toMatchObject({
      good: ['/app/t1', 'bool', 'ZnodeStat'],
      bad: ['RolledBackError', 'BadVersionError'],
      undone: true,
    })
    expect(await program.step('watch')).toMatchObject({
      seen: ['http://one', 'http://two', null],
      children: [['url'], ['other', 'url']],
    })
    expect(await program.step('acl')).toMatchObject({ denied: true, allowed: 'mine' })
    expect(await program.step('ephemerals')).toMatchObject({ left: [] })
  })

  it('loses no acknowledged write when the leader dies', async (context) => {
    using program = script(context, 'writes')
    await using kill = await LeaderKill.amid(ensemble(), program)
    await program.step('bring it back')
    await kill.restore()
    program.go()
    const { acknowledged, wrong } = await program.step('done')
    expect(wrong).toEqual([])
    expect(acknowledged).toBeGreaterThanOrEqual(150)
  })

  it('applies transactions wholly or not at all when the leader dies', async (context) => {
    using program = script(context, 'transaction')
    await using _ = await LeaderKill.amid(ensemble(), program)
    const { left, right, accounts, acknowledged, strange_refusals } = (await program.step('done')) as {
      left: string[]
      right: string[]
      accounts: [number, number]
      acknowledged: string[]
      strange_refusals: unknown
    }
    expect(left).toEqual(right)
    expect(left).toEqual(expect.arrayContaining(acknowledged))
    expect(accounts).toEqual([1000 - left.length, left.length])
    expect(strange_refusals).toEqual([])
  })
})
