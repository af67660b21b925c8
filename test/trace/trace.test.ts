/**
 * What members say to one another in ensembles of ours, of Apache's and mixed, compared with the recording of
 * Apache's. RECORD_APACHE=1 records it anew; TRACE_ALL=1 plays every play with every arrangement below.
 */
import { describe, expect, it, type TestContext } from 'vitest'
import { apacheUnavailable } from '../support/apache.ts'
import { needs } from '../support/ensembles.ts'
import { differenceOf } from './compare.ts'
import { differences, expectedOf } from './differences.ts'
import { allOf, plays, readGolden, writeGolden } from './golden.ts'
import { traceText } from './normal/trace.ts'
import { perform } from './perform.ts'
import type { Arrangement, Play } from './plays/play.ts'
import { recordingUnavailable } from './recording/addresses.ts'
import type { Recording } from './recording/recording.ts'
import { settlingTimes } from './settling.ts'

const PLAY_MS = 120_000
const FINALIZE_WAIT_MS = 200
const isFull = process.env.TRACE_ALL === '1'
const recordsApache = process.env.RECORD_APACHE === '1'

/**
 * Arrangements with Apache's members need Java and time: `always` is always played, `full` only with
 * TRACE_ALL.
 */
const withApache: Readonly<Record<string, { always: Arrangement[]; full: Arrangement[] }>> = {
  life: { always: ['AZZ'], full: ['AAA', 'ZAA', 'AZA', 'ZZA'] },
  catchUp: { always: ['AAA', 'ZAZ'], full: ['AZA'] },
  outstanding: { always: [], full: ['ZAZ', 'AZA', 'AAA'] },
  reconfigured: { always: [], full: ['AAAA', 'ZZAZ', 'AAZA'] },
}

const isOursIn = (arrangement: Arrangement) => (id: number) => arrangement[id - 1] === 'Z'

async function compare(context: TestContext, play: Play, arrangement: Arrangement): Promise<void> {
  needs(context, recordingUnavailable() ?? (arrangement.includes('A') ? apacheUnavailable() : undefined))
  const { recording, scenes } = await perform(play, arrangement)
  const expected = expectedOf(readGolden(play), isOursIn(arrangement))
  expect(differenceOf(expected, scenes), `${play.name} played by ${arrangement}`).toBeNull()
  if (play.name === 'life') checkSettling(recording, arrangement)
}

/** Takes the best of several elections, because on a busy machine all are slow. */
function checkSettling(recording: Recording, arrangement: Arrangement): void {
  const times = settlingTimes(recording)
  expect(times.length).toBeGreaterThan(2)
  if (!arrangement.includes('A')) expect(Math.min(...times)).toBeLessThan(FINALIZE_WAIT_MS)
  if (!arrangement.includes('Z')) expect(Math.min(...times)).toBeGreaterThan(FINALIZE_WAIT_MS * 0.9)
}

describe.runIf(recordsApache)('recording Apache ZooKeeper', () => {
  it.each(plays)('$name', { timeout: PLAY_MS }, async (play) => {
    writeGolden(play, (await perform(play, allOf('A', play))).scenes)
  })
})

describe.skipIf(recordsApache).each(plays)('$name: $title', (play) => {
  it('is played by ours as by Apache, except for the listed differences', {
    timeout: PLAY_MS,
  }, async (context) => {
    await compare(context, play, allOf('Z', play))
  })

  const { always, full } = withApache[play.name] ?? { always: [], full: [] }
  for (const arrangement of isFull ? [...always, ...full] : always) {
    it(`is played by ${arrangement}`, { timeout: PLAY_MS }, async (context) => {
      await compare(context, play, arrangement)
    })
  }
})

describe('the listed differences', () => {
  it.each(differences)('$name: changes what is expected of ours', (difference) => {
    expect(difference.reason.length).toBeGreaterThan(20)
    for (const play of plays) {
      const golden = readGolden(play)
      const others = differences.filter((other) => other !== difference)
      const without = traceText(expectedOf(golden, () => true, others))
      const isFelt = without !== traceText(expectedOf(golden, () => true))
      // Our traces are compared with all differences applied, so one that shows but no longer exists fails
      // there.
      expect(isFelt, `${difference.name} in ${play.name}`).toBe(difference.plays.includes(play.name))
    }
  })

  it('change nothing when all members are Apache ZooKeeper', () => {
    for (const play of plays) {
      const golden = readGolden(play)
      expect(traceText(expectedOf(golden, () => false))).toBe(traceText(golden))
    }
  })
})
