import { describe, expect, it } from 'vitest'
import { History } from '../../../src/core/history.ts'
import { chooseSync } from '../../../src/core/zab/leader/chooseSync.ts'
import { makeZxid, type Zxid } from '../../../src/protocol/zxid.ts'

const z = makeZxid
const bytes = Buffer.alloc(0)

/** A leader whose history goes on from `floor` with these. */
function history(floor: Zxid, ...zxids: Zxid[]): History {
  return History.from(
    zxids.map((zxid) => ({ zxid, bytes })),
    floor,
    500,
  )
}

/** Epoch 1 ended at counter 9, epoch 3 has two transactions. */
const leader = history(z(1, 5), z(1, 6), z(1, 7), z(1, 8), z(1, 9), z(3, 1), z(3, 2))

describe('chooseSync: LearnerHandler.syncFollower case by case', () => {
  const cases: [string, Zxid, ReturnType<typeof chooseSync>][] = [
    ['in sync: an empty DIFF', z(3, 2), { mode: 'DIFF', from: z(3, 2) }],
    ['behind, known: DIFF', z(1, 7), { mode: 'DIFF', from: z(1, 7) }],
    ['behind, right at the floor: DIFF', z(1, 5), { mode: 'DIFF', from: z(1, 5) }],
    ['behind the floor: SNAP', z(1, 4), { mode: 'SNAP' }],
    ['empty: SNAP', z(0, 0), { mode: 'SNAP' }],
    ['ahead: TRUNC to the end', z(3, 7), { mode: 'TRUNC', to: z(3, 2) }],
    ['ahead in a later epoch: TRUNC to the end', z(4, 1), { mode: 'TRUNC', to: z(3, 2) }],
    ['ahead, but only by an epoch mark: SNAP', z(4, 0), { mode: 'SNAP' }],
    [
      'an unknown tail of an older epoch: Apache learners cannot cut across epochs: SNAP',
      z(1, 12),
      { mode: 'SNAP' },
    ],
    ['the mark of an established epoch without transactions: DIFF', z(2, 0), { mode: 'DIFF', from: z(1, 9) }],
    ['unknown within a whole epoch between: SNAP', z(2, 3), { mode: 'SNAP' }],
  ]
  it.each(cases)('%s', (_, peer, plan) => {
    expect(chooseSync(peer, leader)).toEqual(plan)
  })

  it('cuts an unknown transaction where the next known one is of its epoch', () => {
    const gap = history(z(2, 0), z(2, 1), z(2, 2), z(2, 9))
    expect(chooseSync(z(2, 4), gap)).toEqual({ mode: 'TRUNC', to: z(2, 2) })
  })

  it('treats a leader without kept transactions as a history that ends at its floor', () => {
    const empty = history(z(2, 7))
    expect(chooseSync(z(2, 7), empty)).toEqual({ mode: 'DIFF', from: z(2, 7) })
    expect(chooseSync(z(2, 8), empty)).toEqual({ mode: 'TRUNC', to: z(2, 7) })
    expect(chooseSync(z(2, 6), empty)).toEqual({ mode: 'SNAP' })
  })
})

describe('History', () => {
  it('keeps the last transactions and remembers what came right before them', () => {
    const short = new History(3)
    for (let counter = 1; counter <= 10; counter++) short.push({ zxid: z(1, counter), bytes })
    expect([short.floor, short.last, short.length]).toEqual([z(1, 7), z(1, 10), 3])
    expect(short.after(z(1, 8)).map((txn) => txn.zxid)).toEqual([z(1, 9), z(1, 10)])
    expect(short.atOrBefore(z(1, 6))).toBeNull()
    expect(short.atOrBefore(z(1, 7))).toBe(z(1, 7))
    expect(short.atOrBefore(z(2, 0))).toBe(z(1, 10))
  })

  it('refuses a transaction that does not come behind the last', () => {
    expect(() => leader.push({ zxid: z(3, 2), bytes })).toThrow(/history holds/)
  })
})
