/** When a leader commits: server 1 leads, and the members have acknowledged what the table says. */
import { expect, it } from 'vitest'
import { electorateOf } from '../../../src/core/quorum/electorate.ts'
import { type Jurisdiction, UNLIMITED } from '../../../src/core/quorum/joint.ts'
import { type Acknowledged, isCommitted } from '../../../src/core/zab/leader/commitment.ts'
import type { Sid } from '../../../src/protocol/ids.ts'
import { makeZxid, ZERO_ZXID } from '../../../src/protocol/zxid.ts'
import { voter } from '../quorum/members.ts'

const z = (counter: number) => makeZxid(1, counter)
const everything = (...sids: number[]): Jurisdiction => ({
  electorate: electorateOf(sids.map((sid) => voter(sid))),
  from: ZERO_ZXID,
  upTo: UNLIMITED,
})
const three = [everything(1, 2, 3)]
const five = [everything(1, 2, 3, 4, 5)]
/** A reconfig to servers 1 4 5 was proposed at 7. */
const pending = [...three, { ...everything(1, 4, 5), from: z(7) }]

/** Counters that the members have acknowledged, by sid from 1 on: the leader first. */
type Disks = readonly number[]
const cases: [string, Jurisdiction[], Disks, number, boolean][] = [
  ['nobody else has it', three, [5, 4, 4], 5, false],
  ['one follower of two has it', three, [5, 5, 0], 5, true],
  ['a follower that is ahead has it, too', three, [5, 9, 0], 5, true],
  ['both followers have it, and the leader has not synced it yet', three, [4, 5, 5], 5, false],
  ['two of five have it', five, [5, 5, 4, 4, 4], 5, false],
  ['three of five have it', five, [5, 5, 4, 4, 5], 5, true],
  ['an older one is held by those that hold a later one', five, [5, 4, 3, 2, 5], 4, true],
  ['a server alone', [], [5], 5, true],
  ['a server alone that has not synced it', [], [4], 5, false],
  ['server 9 has no vote', three, [5, 4, 4, 0, 0, 0, 0, 0, 5], 5, false],
  ['before a pending reconfig the old servers suffice', pending, [6, 6, 0, 0, 0], 6, true],
  ['the reconfig itself needs the new servers, too', pending, [7, 7, 0, 0, 0], 7, false],
  ['the reconfig itself needs the old servers, too', pending, [7, 0, 0, 7, 7], 7, false],
  ['the reconfig is held by a quorum of both', pending, [7, 7, 0, 7, 0], 7, true],
]

it.each(cases)('%s', (_, jurisdictions, disks, counter, committed) => {
  const [leader, ...followers] = disks.map(
    (acked, index): Acknowledged => ({ sid: (index + 1) as Sid, ackedZxid: z(acked) }),
  )
  expect(isCommitted(z(counter), leader as Acknowledged, followers, jurisdictions)).toBe(committed)
})
