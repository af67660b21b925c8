import { describe, expect, test } from 'vitest'
import { QuotaPaths, QuotaText, QuotaTextError } from '../../src/tree/quota.ts'

const parse = (text: string | null) => QuotaText.parse(text === null ? null : Buffer.from(text))

/** As `org.apache.zookeeper.StatsTrack` of 3.8.0 prints what it has read (asked). */
describe('the text of a quota', () => {
  test.each([
    ['', 'count=-1,bytes=-1'],
    ['count=2,bytes=17', 'count=2,bytes=17'],
    ['bytes=17;count=2', 'count=2,bytes=17'],
    [
      'count=1,bytes=2=;countHardLimit=4;byteHardLimit=3',
      'count=1,bytes=2=;byteHardLimit=3;countHardLimit=4',
    ],
    ['count=+5,bytes==3', 'count=5,bytes=-1'],
    ['other=7,,;count=1,;', 'count=1,bytes=-1=;other=7'],
    ['count=5=6', 'count=5,bytes=-1'],
    ['count=-0,bytes=007', 'count=0,bytes=7'],
    ['=5', 'count=-1,bytes=-1=;=5'],
  ])('%s', (text, printed) => {
    expect(parse(text).toBuffer().toString()).toBe(printed)
  })

  test.each([null, 'rubbish', 'count=', 'count=x', 'count=1,bytes', ',count=1', 'count= 1', 'count=1.5'])(
    '%s cannot be read',
    (text) => {
      expect(() => parse(text)).toThrow(QuotaTextError)
      expect(
        QuotaText.parseLeniently(text === null ? null : Buffer.from(text))
          .plus(1, 2)
          .toBuffer()
          .toString(),
      ).toBe('count=0,bytes=1')
    },
  )

  test('what is not there is no limit', () => {
    expect(parse('count=3')).toMatchObject({ count: 3, bytes: -1, countHardLimit: -1, byteHardLimit: -1 })
  })
})

test('the nearest limited path counts, whole names only, and never the root', () => {
  const paths = new QuotaPaths()
  for (const path of ['', '/a', '/a/b/c']) paths.add(path)
  expect(['/a', '/a/b', '/a/b/c/d', '/ab', '/', '/b'].map((path) => paths.above(path))).toEqual([
    '/a',
    '/a',
    '/a/b/c',
    null,
    null,
    null,
  ])
  paths.delete('/a')
  expect(paths.above('/a/b')).toBeNull()
})
