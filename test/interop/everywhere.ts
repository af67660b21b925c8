/**
 * The same requests through every member: their answers must not reveal the member's kind, nor the leader.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { exists, type Operation, sync } from '../conformance/operations.ts'
import type { Answer, RawSession } from '../conformance/rawSession.ts'
import { eventually } from '../support/eventually.ts'
import type { MixedEnsemble } from './mixedEnsemble.ts'

/**
 * Requests below a separate path, and their answers without times, zxids and session ids, with the path as
 * `~`.
 */
export type Play = (root: string, ask: (operation: Operation) => Promise<Answer>) => Promise<void>

/**
 * Plays through each member, and compares the answers, and at the end the trees that were made.
 * @param prefix the beginning of the paths, for example `/led-by-1`
 */
export async function playEverywhere(
  ensemble: MixedEnsemble,
  prefix: string,
  play: Play,
): Promise<unknown[]> {
  const transcripts: unknown[][] = []
  const leader = await ensemble.session((await ensemble.waitForLeader()).id)
  for (const id of ensemble.ids) {
    const session = await ensemble.session(id)
    transcripts.push(await transcriptOf(session, leader, `${prefix}-through-${id}`, play))
    await session.close()
  }
  await leader.close()
  const [first = []] = transcripts
  for (const [id, transcript] of transcripts.entries()) {
    const other = transcript.flatMap((answer, i) =>
      isDeepStrictEqual(answer, first[i]) ? [] : [`answer ${i} is ${show(answer)}, not ${show(first[i])}`],
    )
    expect(other, `what ${ensemble.nameOf(id)} answers, beside ${ensemble.nameOf(0)}`).toEqual([])
    expect(transcript).toHaveLength(first.length)
  }
  const tree = await ensemble.sameTrees()
  const made = ensemble.ids.map((id) => {
    const root = `${prefix}-through-${id}`
    const paths = [...tree.keys()].filter((path) => path.startsWith(root))
    return paths.map((path) => [path.slice(root.length), plain(tree.get(path), root)])
  })
  for (const [id, paths] of made.entries()) {
    expect(paths, `what was made through ${ensemble.nameOf(id)}, beside ${ensemble.nameOf(0)}`).toEqual(
      made[0],
    )
  }
  return first
}

/**
 * A follower may answer a write before the leader has applied it, and Apache's leader then checks the next
 * request against the old ACL (PrepRequestProcessor.setACL keeps it in its ChangeRecord). So each request
 * waits until the leader has applied it.
 */
async function transcriptOf(
  session: RawSession,
  leader: RawSession,
  root: string,
  play: Play,
): Promise<unknown[]> {
  const transcript: unknown[] = []
  await play(root, async (operation) => {
    const answer = await session.do(operation)
    transcript.push({ outcome: answer.outcome, value: plain(answer.value, root) })
    await eventually('the leader to have applied it', async () => {
      return (await leader.do(exists('/'))).zxid >= answer.zxid
    })
    return answer
  })
  expect((await session.do(sync('/'))).outcome).toBe('ok')
  return transcript
}

const show = (value: unknown) =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one))

const FLEETING = /^([cmp]zxid|[cm]time)$/

function plain(value: unknown, root: string): unknown {
  if (typeof value === 'string') return value.replaceAll(root, '~')
  if (Array.isArray(value)) return value.map((one) => plain(one, root))
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  const entries = Object.entries(value).filter(([name]) => !FLEETING.test(name))
  return Object.fromEntries(
    entries.map(([name, one]) => [name, name === 'ephemeralOwner' ? BigInt(one) !== 0n : plain(one, root)]),
  )
}
