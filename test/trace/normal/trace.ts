/**
 * A recording in its normal form: scenes with the lines that two recordings of the same play have in common.
 * The rules about what is left out, and why that is chance, are described in election.ts and quorum.ts.
 */
import type { MemberId } from '../recording/addresses.ts'
import type { Recording, Said } from '../recording/recording.ts'
import { electionLines } from './election.ts'
import type { Line } from './line.ts'
import { Names } from './names.ts'
import { type PingView, type QuorumContext, quorumLines } from './quorum.ts'

export interface Scene {
  readonly title: string
  readonly lines: readonly Line[]
}

export interface TraceContext {
  readonly isApache: (id: MemberId) => boolean
  /** `zoo-1:14711:14712` by sid. */
  readonly addresses: ReadonlyMap<number, string>
}

/** Scenes with this word in their title show the last PING of each learner. */
const SHOWS_PINGS = /\bPING/

export function traceOf(recording: Recording, { isApache, addresses }: TraceContext): Scene[] {
  const names = new Names(addresses)
  nameSessions(recording, names)
  const context = { names, isApache }
  const { lines, pings } = conversations(recording, context)
  const shown = recording.scenes.flatMap((title, scene) =>
    SHOWS_PINGS.test(title) ? lastPings(pings, scene) : [],
  )
  const all = [...electionLines(recording.said, names), ...lines, ...shown]
  return recording.scenes.map((title, scene) => ({ title, lines: ordered(all, scene) }))
}

/**
 * Names sessions by the time at which a member first mentioned them, in whatever order conversations are
 * shown.
 */
function nameSessions({ said }: Recording, names: Names): void {
  for (const { content } of said) {
    if (content.kind !== 'packet') continue
    const { type, data } = content.packet
    // REQUEST and PROPOSAL both begin with the session.
    if ((type === 1 || type === 2) && data !== null && data.length >= 8) names.session(data.readBigInt64BE(0))
  }
}

function conversations({ said }: Recording, context: QuorumContext): { lines: Line[]; pings: PingView[] } {
  const turns = new Map<Said['conversation'], { at: number; said: Said }[]>()
  said.forEach((one, at) => {
    if (one.conversation.port !== 'quorum') return
    const known = turns.get(one.conversation)
    if (known === undefined) turns.set(one.conversation, [{ at, said: one }])
    else known.push({ at, said: one })
  })
  const views = [...turns].map(([{ dialler, acceptor }, own]) =>
    quorumLines(own, `${dialler} with leader ${acceptor}`, context),
  )
  return { lines: views.flatMap((view) => view.lines), pings: views.flatMap((view) => view.pings) }
}

function lastPings(pings: readonly PingView[], scene: number): Line[] {
  const here = pings.filter((view) => view.scene === scene)
  const learners = [...new Set(here.map(({ learner }) => learner))].sort()
  return learners.flatMap((learner): Line[] => {
    const own = here.filter((view) => view.learner === learner)
    const last = own.at(-1)
    if (last === undefined) return []
    const touched = [...new Set(own.flatMap((view) => view.touched))].sort()
    const text = `${last.leader} > ${learner} PING 0x${last.zxid.toString(16)}, and the same back: ${touched.join(', ') || 'no session touched'}`
    return [{ scene, block: `${learner} with leader ${last.leader}`, from: learner, text }]
  })
}

/** Greetings, then the election, then the conversations by learner; each in its own order. */
function ordered(all: readonly Line[], scene: number): Line[] {
  const rank = ({ block }: Line) => (block === 'greetings' ? '0' : block === 'election' ? '1' : `2 ${block}`)
  const here = all.filter((line) => line.scene === scene)
  const ranks = [...new Set(here.map(rank))].sort()
  return ranks.flatMap((wanted) => here.filter((line) => rank(line) === wanted))
}

export function traceText(scenes: readonly Scene[]): string {
  return scenes.map(sceneText).join('\n')
}

function sceneText({ title, lines }: Scene): string {
  let block = ''
  const out = [`## ${title}`]
  for (const line of lines) {
    if (line.block !== block) out.push(line.block)
    block = line.block
    out.push(`  ${line.text}`)
  }
  return `${out.join('\n')}\n`
}

/** The inverse of `traceText`. */
export function parseTrace(text: string): Scene[] {
  const scenes: { title: string; lines: Line[] }[] = []
  let block = ''
  for (const line of text.split('\n')) {
    const scene = scenes.at(-1)
    if (line.startsWith('## ')) scenes.push({ title: line.slice(3), lines: [] })
    else if (line.startsWith('  ') && scene !== undefined) {
      const said = line.slice(2)
      const from = /^(\d+) /.exec(said)?.[1]
      scene.lines.push({
        scene: scenes.length - 1,
        block,
        from: from === undefined ? null : Number(from),
        text: said,
      })
    } else block = line
  }
  return scenes
}

/** The texts of a scene's lines by block. */
export function sceneBlocks(scene: Scene | undefined): Map<string, string[]> {
  const blocks = new Map<string, string[]>()
  for (const { block, text } of scene?.lines ?? []) blocks.set(block, [...(blocks.get(block) ?? []), text])
  return blocks
}
