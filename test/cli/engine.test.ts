/** `--engine` as it is written, and how `ps` and `up` show what runs the members. */
import { describe, expect, it } from 'vitest'
import { banner } from '../../src/cli/format/banner.ts'
import { clusterReport } from '../../src/cli/format/cluster.ts'
import { handoverText } from '../../src/cli/format/handover.ts'
import { parseEngine } from '../../src/cli/upRequest.ts'
import { cluster, member } from './fakeCluster.ts'

const plain = (_style: unknown, text: string) => text

describe('--engine', () => {
  it('names one for all, or one for each member', () => {
    expect(parseEngine('apache', undefined)).toEqual({ all: 'apache', members: {} })
    expect(parseEngine('0=apache,1=zk-pseudo', undefined)).toEqual({
      all: null,
      members: { 0: 'apache', 1: 'zk-pseudo' },
    })
    expect(parseEngine('1=zk-pseudo', parseEngine('apache', undefined))).toEqual({
      all: 'apache',
      members: { 1: 'zk-pseudo' },
    })
  })

  it.each(['', 'tomcat', '0=', 'x=apache', '0=apache,,', '0:apache'])('refuses "%s"', (text) => {
    expect(() => parseEngine(text, undefined)).toThrow('--engine takes zk-pseudo or apache')
  })
})

describe('what runs the members', () => {
  const mixed = cluster('mixed', [
    member(0, { engine: 'apache', isolation: 'process' }),
    member(1),
    member(2),
  ])

  it('is a column of ps where it differs', () => {
    const [, , header = '', first = ''] = clusterReport(mixed, {
      tableColumns: 100,
      paint: plain,
    })
    expect(header).toMatch(/ENGINE$/)
    expect(first).toMatch(/apache$/)
    const same = cluster('same', [member(0), member(1)])
    expect(clusterReport(same, { tableColumns: 100, paint: plain }).join('\n')).not.toContain('ENGINE')
  })

  it('is told when they come up', () => {
    expect(banner(mixed, plain, 80)[0]).toBe('mixed: 3 members, 0 of Apache ZooKeeper, 1 and 2 of zk-pseudo')
  })

  it('is what a handover tells', () => {
    const text = handoverText(
      {
        to: 'apache',
        moved: [{ member: 1, from: 'zk-pseudo', to: 'apache', role: 'follower', ms: 1300, note: 'its log' }],
        left: [2, 3].map((id) => ({ member: id, why: 'the handover was stopped' })),
        problem: 'member 2 ended (exit code 1) with apache; it runs with zk-pseudo again',
        leaderBefore: 2,
        leaderAfter: 1,
        epoch: 4,
        writeGapMs: 250,
      },
      plain,
    )
    expect(text).toBe(`\
member 1 (follower) runs with apache, after 1.3 s
  its log
stopped: member 2 ended (exit code 1) with apache; it runs with zk-pseudo again
members 2 and 3 stay as they are: the handover was stopped
member 1 leads epoch 4; no write waited longer than 250 ms`)
  })
})
