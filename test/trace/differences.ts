/**
 * Where our members differ from Apache's on purpose: each difference changes Apache's trace into the one that
 * is expected of the arrangement. The tests fail when a difference is not listed here, and when a listed one
 * no longer exists.
 */
import type { Line } from './normal/line.ts'
import type { Scene } from './normal/trace.ts'
import type { MemberId } from './recording/addresses.ts'

export interface Difference {
  readonly name: string
  /** What differs and why that is intended, for people. */
  readonly reason: string
  /** The plays in which the difference shows when all members are ours. */
  readonly plays: readonly string[]
  /** Changes one block of lines (the election, or the conversations of one pair) of Apache's trace. */
  change(lines: readonly Line[], context: DifferenceContext): readonly Line[]
}

export interface DifferenceContext {
  readonly isOurs: (id: MemberId) => boolean
  readonly scene: string
  /** The whole of Apache's trace. */
  readonly golden: readonly Scene[]
}

export const differences: readonly Difference[] = [
  {
    name: 'greetings name names',
    reason:
      'The greeting contains the address of its sender. Apache sends the number that its own name resolves ' +
      'to, ours the name in the config, which is also right when members reach one another at different ' +
      'addresses.',
    plays: ['life', 'catchUp', 'outstanding', 'reconfigured'],
    change: (lines, { isOurs }) =>
      rewrite(lines, (line) => {
        const isOurGreeting = line.block === 'greetings' && line.from !== null && isOurs(line.from)
        return isOurGreeting ? line.text.replace(/by number$/, 'by name') : line.text
      }),
  },
  {
    name: 'a DIFF as far as memory reaches',
    reason:
      "Our leader's history begins where its log does, so an empty learner, or one that only missed the " +
      "beginning of an epoch, gets a DIFF. Apache's list of committed transactions begins after the first " +
      'one, so it sends a SNAP.',
    plays: ['catchUp', 'outstanding', 'reconfigured'],
    change: (lines, { isOurs, scene, golden }) => {
      const { leader, learner } = partsOf(lines)
      const snap = lines.find(({ text }) => / SNAP /.test(text))
      if (leader === null || learner === null || snap === undefined || !isOurs(leader)) return lines
      if (!lines.some(({ text }) => / ACKEPOCH last 0x0, /.test(text))) return lines
      const last = Number(/ SNAP (0x[0-9a-f]+) /.exec(snap.text)?.[1])
      const zxids = new Map(historyTo(last, golden, scene))
      const say = (line: Line, text: string): Line => ({ ...line, text })
      const sent = [`DIFF ${[...zxids.keys()].at(-1) ?? '0x0'}`]
      for (const [zxid, text] of zxids) sent.push(text, `COMMIT ${zxid}`)
      const diff = splice(
        lines,
        snap,
        sent.map((text) => say(snap, `${leader} > ${learner} ${text}`)),
      )
      // Apache's learner acknowledges each of them, as after any DIFF.
      const ack = diff.find(({ text }) => / ACK 0x[0-9a-f]+00000000$/.test(text))
      if (ack === undefined) return diff
      const acks = [...zxids.keys()].map((zxid) => say(ack, `${learner} > ${leader} ACK ${zxid}`))
      return splice(diff, ack, [ack, ...acks])
    },
  },
  {
    name: 'what is committed is not acknowledged',
    reason:
      "Our learner's ACK of NEWLEADER says that its sync is on disk; what came committed with it needs no " +
      "further ACK. Apache's acknowledges each of those transactions as well, from another thread " +
      '(ZOOKEEPER-3911, -4643, -4646, -4785).',
    plays: ['life', 'catchUp', 'outstanding'],
    change: (lines, { isOurs }) => {
      const { learner } = partsOf(lines)
      if (learner === null || !isOurs(learner)) return lines
      const offered = lines.findIndex(({ text }) => / NEWLEADER /.test(text))
      const committed = new Set(
        lines.slice(0, Math.max(0, offered)).flatMap((line) => zxidOf(line, 'COMMIT')),
      )
      return lines.filter((line) => !zxidOf(line, 'ACK').some((zxid) => committed.has(zxid)))
    },
  },
  {
    name: 'acknowledged when it is on disk',
    reason:
      'Our learner logs and acknowledges proposals between NEWLEADER and UPTODATE as they arrive. Apache ' +
      'keeps them in memory until UPTODATE (Learner.syncWithLeader).',
    plays: ['catchUp'],
    change: (lines, { isOurs }) => {
      const { learner } = partsOf(lines)
      if (learner === null || !isOurs(learner)) return lines
      return between(lines).reduce((moved, zxid) => {
        const ack = moved.find((line) => zxidOf(line, 'ACK')[0] === zxid)
        const proposal = moved.find((line) => zxidOf(line, 'PROPOSAL')[0] === zxid)
        return ack && proposal ? moveBehind(moved, ack, proposal) : moved
      }, lines)
    },
  },
  {
    name: 'COMMITs wait for UPTODATE',
    reason:
      'Our leader sends the COMMITs of what was committed between NEWLEADER and UPTODATE after UPTODATE. An ' +
      "earlier COMMIT of what was proposed before NEWLEADER causes a null pointer in 3.8's learner, which " +
      'has forgotten the proposal by then.',
    plays: ['catchUp'],
    change: (lines, { isOurs }) => {
      const { leader, learner } = partsOf(lines)
      if (leader === null || !isOurs(leader)) return lines
      const upToDate = lines.findIndex(({ text }) => / UPTODATE /.test(text))
      const early = lines.slice(0, Math.max(0, upToDate)).filter((line) => {
        return between(lines).some((zxid) => zxidOf(line, 'COMMIT')[0] === zxid)
      })
      // The learner's answer then follows directly after UPTODATE.
      const next = lines.findIndex(({ from }, index) => index > upToDate && from !== learner)
      const answer = lines[next < 0 ? lines.length - 1 : next - 1]
      return early.reduce((moved, line) => (answer ? moveBehind(moved, line, answer) : moved), lines)
    },
  },
  {
    name: 'an epoch without a transaction has no zxid',
    reason:
      "Apache's leader counts the zxid of its epoch, with counter 0, as the last that it processed, stands " +
      'for election with it, and is synced by SNAP, because no other member has it. Ours stands with the ' +
      'last transaction that its log would show after a restart (core/peer.ts), and is sent nothing by a ' +
      'leader of ours.',
    plays: ['life'],
    change: (lines, { isOurs, scene }) => {
      if (scene !== 'it finds them again' || !isOurs(2)) return lines
      return rewrite(lines, ({ text }) => {
        const own = text.replace(/(LOOKING round 5: 2,|ACKEPOCH last) 0x400000000/, '$1 0x200000002')
        return isOurs(3) ? own.replace(/SNAP 0x500000000 .*/, 'DIFF 0x200000002') : own
      })
    },
  },
  {
    name: 'the round is kept with a new configuration',
    reason:
      "When a configuration gets its first version, Apache's members restart their elections " +
      '(QuorumPeer.setLastSeenQuorumVerifier), and answer with round 0 from then on. Ours keep the round in ' +
      'which they settled.',
    plays: ['reconfigured'],
    change: (lines, { isOurs }) =>
      rewrite(lines, ({ from, text }) =>
        from !== null && isOurs(from) ? text.replace(/(FOLLOWING|LEADING) round 0:/, '$1 round 1:') : text,
      ),
  },
  {
    name: 'a later configuration of the same voters changes no election',
    reason:
      'A looking member of ours that receives a later configuration restarts its election only if its ' +
      "voters are different. Apache's restarts it for each version, and votes once more.",
    plays: ['reconfigured'],
    change: (lines, { isOurs, scene }) =>
      rewrite(lines, ({ from, text }) => {
        const isJoiner = scene === 'an observer joins' && from === 4 && isOurs(4)
        return isJoiner ? text.replace(/(LOOKING .*), config 100000000 /, '$1, config 0 ') : text
      }),
  },
]

/** The golden trace as the arrangement is expected to play it. */
export function expectedOf(
  golden: readonly Scene[],
  isOurs: (id: MemberId) => boolean,
  known: readonly Difference[] = differences,
): Scene[] {
  return golden.map(({ title, lines }) => {
    const context = { isOurs, scene: title, golden }
    const blocks = [...new Set(lines.map(({ block }) => block))]
    return {
      title,
      lines: blocks.flatMap((block) => {
        const own: readonly Line[] = lines.filter((line) => line.block === block)
        return known.reduce((changed, difference) => difference.change(changed, context), own)
      }),
    }
  })
}

function rewrite(lines: readonly Line[], textOf: (line: Line) => string): Line[] {
  return lines.map((line) => ({ ...line, text: textOf(line) }))
}

function splice(lines: readonly Line[], at: Line, instead: readonly Line[]): Line[] {
  return lines.flatMap((line) => (line === at ? instead : [line]))
}

function moveBehind(lines: readonly Line[], moved: Line, target: Line): Line[] {
  return lines.filter((line) => line !== moved).flatMap((line) => (line === target ? [line, moved] : [line]))
}

/** The leader and the learner of the block of a conversation. */
function partsOf(lines: readonly Line[]): { leader: MemberId | null; learner: MemberId | null } {
  const found = /^(\d+) with leader (\d+)$/.exec(lines[0]?.block ?? '')
  return found === null
    ? { leader: null, learner: null }
    : { learner: Number(found[1]), leader: Number(found[2]) }
}

/** The zxid of the transaction that a packet of this type is about; none for an epoch's own zxid. */
function zxidOf({ text }: Line, type: string): string[] {
  const [, found, zxid = ''] = /^\d+ > \d+ (\w+) (0x[0-9a-f]+)(?: |$)/.exec(text) ?? []
  return found === type && !zxid.endsWith('00000000') ? [zxid] : []
}

/** The zxids that were proposed between NEWLEADER and UPTODATE. */
function between(lines: readonly Line[]): string[] {
  const start = lines.findIndex(({ text }) => / NEWLEADER /.test(text))
  const end = lines.findIndex(({ text }) => / UPTODATE /.test(text))
  return start < 0 || end < 0 ? [] : lines.slice(start, end).flatMap((line) => zxidOf(line, 'PROPOSAL'))
}

/** What was proposed before the scene, up to `last`, by zxid. */
function historyTo(last: number, golden: readonly Scene[], scene: string): [string, string][] {
  const end = golden.findIndex(({ title }) => title === scene)
  const proposals = new Map<string, string>()
  for (const line of golden.slice(0, end).flatMap(({ lines }) => lines)) {
    const [zxid] = zxidOf(line, 'PROPOSAL')
    if (zxid !== undefined && Number(zxid) <= last) proposals.set(zxid, line.text.replace(/^\d+ > \d+ /, ''))
  }
  return [...proposals]
}
