import { expect, test } from 'vitest'
import { History } from '../../src/core/history.ts'
import { makeZxid, ZERO_ZXID } from '../../src/protocol/zxid.ts'

const MEBIBYTE = Buffer.alloc(1024 * 1024)

test('large transactions shorten the history: a DIFF is queued as a whole', () => {
  const history = new History(500)
  for (let i = 1; i <= 300; i++) history.push({ zxid: makeZxid(1, i), bytes: MEBIBYTE })
  expect(history.length).toBe(64)
  expect(history.floor).toBe(makeZxid(1, 236))
  expect(history.after(makeZxid(1, 298)).map(({ zxid }) => zxid)).toEqual([
    makeZxid(1, 299),
    makeZxid(1, 300),
  ])
  expect(history.atOrBefore(ZERO_ZXID)).toBeNull()
})
