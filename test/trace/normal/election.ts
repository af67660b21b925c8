/**
 * What was said on the election ports, as lines. Which votes cross depends on which member is faster: each
 * member's queue for a peer holds one message, the newest (QuorumCnxManager), votes are repeated periodically
 * and on every new connection, and a settled member answers every member that it still hears looking. So a
 * scene shows for each direction
 *
 * - of every round the last vote of a member that looks, because all better votes lead there. A member that
 *   joins others, which means that it dials a leader that it did not vote for, may or may not continue to
 *   their round, depending on what it hears first; of its votes only that of the first round is shown;
 * - the answers of the members that it joins, because only from them it knows its leader;
 * - once for the whole play, the greetings of the greater ids, whose connections are the ones that remain.
 *
 * What is said to a member that is dead or paused is left out, because it depends on which member notices
 * when. So is a vote of a member that does not look in the scene, or that is the last of an earlier scene
 * while others follow: it is sent again over a new connection. (The proxy does not even pass on such votes of
 * settled members, because they may turn a vote.)
 *
 * Everything else is checked instead, and is shown with a `!` when it breaks a rule (`Rules`): votes only
 * improve within a round, a vote for a member is what that member stood for, a leader says that it leads, the
 * format is that of 3.8, and no member votes over a connection that the smaller id dialled.
 */

import type { Notification } from '../../../src/core/election/notification.ts'
import { PacketType, ServerState } from '../../../src/protocol/opcodes.ts'
import { formatZxid } from '../../../src/protocol/zxid.ts'
import type { MemberId } from '../recording/addresses.ts'
import type { Said } from '../recording/recording.ts'
import type { Line } from './line.ts'
import type { Names } from './names.ts'

const STATES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'] as const
const { looking, leading } = ServerState
const INTRODUCTIONS = new Set<number>([PacketType.followerInfo, PacketType.observerInfo])
/** Long.MIN_VALUE, with which an observer votes. */
const LEAST = -(2 ** 63)

interface Word {
  readonly said: Said
  readonly notification: Notification
}

/**
 * @param all the frames of both ports: the dials of the quorum port show which member came to follow which
 */
export function electionLines(recorded: readonly Said[], names: Names): Line[] {
  const all = recorded.filter(({ conversation }) => conversation.port === 'election')
  const words = all.flatMap((said): Word[] =>
    said.content.kind === 'notification' ? [{ said, notification: said.content.notification }] : [],
  )
  const scenes = [...new Set(words.map(({ said }) => said.scene))]
  const lines = scenes.flatMap((scene) => {
    return sceneLines(viewOf(words, recorded, scene), names)
  })
  return [...greetingLines(all, names), ...lines, ...problemLines(all, words, names)]
}

const direction = ({ said }: Word) => `${said.from} > ${said.to}`
const isLooking = ({ notification }: Word) => notification.state === looking

/** The words of a scene, and which member came to lead or to follow which in it. */
interface SceneView {
  readonly scene: number
  readonly words: readonly Word[]
  readonly follows: ReadonlyMap<MemberId, MemberId>
}

function sceneLines(view: SceneView, names: Names): Line[] {
  const lines: Line[] = []
  for (const key of [...new Set(view.words.map(direction))].sort()) {
    const said = view.words.filter((word) => direction(word) === key)
    for (const word of [...votes(said, view), ...answersToJoiner(said, view)]) {
      const text = `${key} ${wordText(word, names)}`
      lines.push({ scene: view.scene, block: 'election', from: word.said.from, text })
    }
  }
  return lines
}

/** The words that the scene's normal form is made of; all others are only checked. */
function viewOf(all: readonly Word[], recorded: readonly Said[], scene: number): SceneView {
  const follows = new Map<MemberId, MemberId>()
  const lookers = new Set<MemberId>()
  const epochs = new Set<string>()
  for (const { scene: at, content, from, to } of recorded) {
    if (at > scene || content.kind !== 'packet') continue
    const { type, zxid } = content.packet
    if (at === scene && INTRODUCTIONS.has(type)) follows.set(from, to)
    if (at === scene && INTRODUCTIONS.has(type)) lookers.add(from)
    if (type !== PacketType.leaderInfo) continue
    const epoch = `${from} ${zxid}`
    if (at === scene && !epochs.has(epoch)) lookers.add(from)
    epochs.add(epoch)
  }
  const here = all.filter(({ said }) => said.scene === scene && !said.isToAbsent && said.arrives)
  const words = here.filter(
    (word) => !isLooking(word) || (lookers.has(word.said.from) && !isRepeated(word, all, here)),
  )
  return { scene, words, follows }
}

/** Whether the word is the last vote of an earlier scene, with a newer one after it. */
function isRepeated(word: Word, all: readonly Word[], here: readonly Word[]): boolean {
  const { scene, life } = word.said
  const before = all.findLast((other) => {
    return isLooking(other) && other.said.scene < scene && direction(other) === direction(word)
  })
  if (before?.said.life !== life || !isSameVote(before, word)) return false
  return here.some(
    (other) => isLooking(other) && direction(other) === direction(word) && !isSameVote(other, word),
  )
}

function isSameVote({ notification: one }: Word, { notification: other }: Word): boolean {
  return (
    one.electionEpoch === other.electionEpoch &&
    one.leader === other.leader &&
    one.zxid === other.zxid &&
    one.peerEpoch === other.peerEpoch
  )
}

/** The leader that the member joins without having voted for it; null when it elects. */
function joined(member: MemberId, { words, follows }: SceneView): MemberId | null {
  const vote = words.findLast((word) => word.said.from === member && isLooking(word))
  const leader = follows.get(member)
  return leader === undefined || vote === undefined || vote.notification.leader === leader ? null : leader
}

/**
 * The last vote of each round; when the member joins, only that of the first round. A member that has settled
 * answers with the vote that it has settled on. That answer may take the place of the vote in the queue, and
 * then stands for it.
 */
function votes(said: readonly Word[], view: SceneView): Word[] {
  const from = said[0]?.said.from
  const joins = from !== undefined && joined(from, view) !== null
  const last = new Map<number, Word>()
  for (const word of said) {
    const round = word.notification.electionEpoch
    if (isLooking(word)) last.set(round, word)
    else if (last.has(round) && !joins)
      last.set(round, { ...word, notification: { ...word.notification, state: looking } })
  }
  const all = [...last.values()]
  return joins ? all.slice(0, 1) : all
}

/** The last answer to a member that joins exactly the leader named in it. */
function answersToJoiner(said: readonly Word[], view: SceneView): Word[] {
  const answer = said.findLast((word) => !isLooking(word))
  if (answer === undefined || joined(answer.said.to, view) !== answer.notification.leader) return []
  return [answer]
}

function wordText({ notification }: Word, names: Names): string {
  const { state, leader, zxid, electionEpoch, peerEpoch, version, config } = notification
  const whom = leader === LEAST ? 'nobody' : String(leader)
  const standing = [zxidText(zxid), 'of epoch', peerEpoch === LEAST ? 'none' : peerEpoch].join(' ')
  return `${STATES[state]} round ${electionEpoch}: ${whom}, ${standing}; v${version}, ${names.config(config)}`
}

const zxidText = (zxid: Notification['zxid']) => (zxid === LEAST ? 'none' : formatZxid(zxid))

function greetingLines(all: readonly Said[], names: Names): Line[] {
  const texts = new Map<string, Line>()
  for (const { content, from, to, raw } of all) {
    if (content.kind !== 'greeting' || from < to) continue
    const text = greetingText(from, to, content.greeting, raw, names)
    texts.set(text, { scene: 0, block: 'greetings', from, text })
  }
  return [...texts.values()].sort((a, b) => (a.text < b.text ? -1 : 1))
}

function greetingText(
  from: MemberId,
  to: MemberId,
  { sid, addresses }: { sid: number; addresses: readonly { host: string; port: number }[] },
  raw: Buffer,
  names: Names,
): string {
  const form = raw.readBigInt64BE(0)
  const where = addresses.map(({ host, port }) => names.address(host, port)).join(', ')
  return `${from} > ${to} greets: form ${form}, sid ${sid}, ${where}`
}

/** Broken rules, at the place where they were broken. */
function problemLines(all: readonly Said[], words: readonly Word[], names: Names): Line[] {
  const problems = new Map<string, Line>()
  const tell = (said: Said, text: string) => {
    const line = `${said.from} > ${said.to} ! ${text}`
    problems.set(`${said.scene} ${line}`, {
      scene: said.scene,
      block: 'election',
      from: said.from,
      text: line,
    })
  }
  for (const said of all) {
    if (said.content.kind === 'undecodable')
      tell(said, `${said.content.problem}: ${said.raw.toString('hex')}`)
    const { dialler, acceptor } = said.conversation
    if (said.content.kind === 'notification' && dialler < acceptor)
      tell(said, 'votes where the smaller id dialled')
    if (said.content.kind === 'greeting' && said.content.greeting.sid !== dialler)
      tell(said, 'greets as another')
  }
  improving(words, tell, names)
  standing(words, tell, names)
  for (const { said, notification } of words) {
    if (notification.version !== 2) tell(said, `a message of version ${notification.version}`)
    const leads = notification.state === leading
    const isSettled = notification.state !== looking
    if (isSettled && leads !== (notification.leader === said.from)) tell(said, 'leads, and not for itself')
  }
  return [...problems.values()]
}

type Tell = (said: Said, text: string) => void

/** Checks that a member's votes only improve within a round: by epoch, then zxid, then id. */
function improving(words: readonly Word[], tell: Tell, names: Names): void {
  const last = new Map<string, Word>()
  for (const word of words) {
    const { notification, said } = word
    if (notification.state !== looking) continue
    const before = last.get(direction(word))
    last.set(direction(word), word)
    // A restarted member counts rounds from 1 again; a new connection repeats what was said.
    if (before?.notification.electionEpoch !== notification.electionEpoch) continue
    if (before.said.conversation !== said.conversation) continue
    const { peerEpoch, zxid, leader } = before.notification
    const order = [notification.peerEpoch - peerEpoch, notification.zxid - zxid, notification.leader - leader]
    if ((order.find((difference) => difference !== 0) ?? 0) < 0)
      tell(said, `a worse vote: ${wordText(word, names)}`)
  }
}

/** Checks that a vote for a member repeats what that member stood for itself in the round. */
function standing(words: readonly Word[], tell: Tell, names: Names): void {
  const key = ({ electionEpoch, leader }: Notification) => `${electionEpoch} ${leader}`
  const text = ({ zxid, peerEpoch }: Notification) => `${zxid} ${peerEpoch}`
  const stood = new Map<string, Set<string>>()
  for (const { said, notification } of words) {
    if (notification.state !== looking || notification.leader !== said.from) continue
    stood.set(key(notification), (stood.get(key(notification)) ?? new Set()).add(text(notification)))
  }
  for (const word of words) {
    const { notification, said } = word
    const known = stood.get(key(notification))
    if (notification.state !== looking || notification.leader === said.from || known === undefined) continue
    if (!known.has(text(notification)))
      tell(said, `a vote that its candidate did not cast: ${wordText(word, names)}`)
  }
}
