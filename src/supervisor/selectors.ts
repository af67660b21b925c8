/**
 * Which members words mean: `1`, `server.1`, a client port, or what a member is now. Several words narrow one
 * another; a word that chooses (`follower`, `random`, `majority`) chooses among what the others leave. Pure.
 */
import type { MemberRole, MemberState, Verb } from '../control/api.ts'
import { usageError } from '../control/operationError.ts'

export interface Candidate {
  id: number
  clientPort: number
  state: MemberState
  role: MemberRole | null
  isVoter: boolean
}

export interface Choice {
  verb: Verb
  selectors: readonly string[]
  members: readonly Candidate[]
  /** The smallest number of voters whose loss takes the quorum away, chosen from these; the supervisor knows. */
  majorityOf: (voters: readonly Candidate[]) => Candidate[]
  /** A number in [0, 1). */
  random: () => number
}

type Filter = (members: readonly Candidate[]) => Candidate[]

/** Words that leave several members; the others leave one. */
const ROLE_WORDS = ['leader', 'follower', 'followers', 'observer', 'observers', 'majority', 'random', 'all']

const isUp = ({ state }: Candidate): boolean =>
  state === 'running' || state === 'starting' || state === 'paused'
const isDown = (member: Candidate): boolean => !isUp(member)

/**
 * The members meant, by ascending id. Members that need nothing (a dead one to kill, one that runs to start) are
 * left out when they were named by a number or by `all`.
 * @throws OperationError when a word means nobody
 */
export function selectMembers(choice: Choice): number[] {
  const { verb, selectors, members } = choice
  if (selectors.length === 0) throw usageError(`${verb} needs to know which member`, hint(members))
  const filters = selectors.map((word) => ({ word, ...filterOf(word, choice) }))
  // Those that choose come last: `random follower` is one of the followers.
  filters.sort((a, b) => Number(a.chooses) - Number(b.chooses))
  let left: Candidate[] = [...members]
  for (const { word, filter } of filters) {
    left = filter(left)
    if (left.length === 0) throw nobody(word, choice)
  }
  return left
    .filter(applicable[verb])
    .map(({ id }) => id)
    .sort((a, b) => a - b)
}

const applicable: Record<Verb, (member: Candidate) => boolean> = {
  kill: isUp,
  stop: isUp,
  start: isDown,
  restart: () => true,
  pause: ({ state }) => state === 'running' || state === 'starting',
  resume: ({ state }) => state === 'paused',
}

function filterOf(word: string, choice: Choice): { filter: Filter; chooses: boolean } {
  const { verb } = choice
  const number = /^(?:server\.)?(\d+)$/.exec(word)?.[1]
  if (number !== undefined) return { filter: byNumber(word, Number(number)), chooses: false }
  if (verb === 'start' && word !== 'all' && ROLE_WORDS.includes(word)) {
    throw usageError(
      `start takes no roles, and "${word}" is one: a dead member has none`,
      hint(choice.members.filter(isDown)),
    )
  }
  const live = (members: readonly Candidate[]) => members.filter(isUp)
  const ofRole = (role: MemberRole) => (members: readonly Candidate[]) =>
    members.filter((member) => isUp(member) && member.role === role)
  switch (word) {
    case 'all':
      return { filter: (members) => [...members], chooses: false }
    case 'leader':
      return {
        filter: (members) => [...ofRole('leader')(members), ...ofRole('standalone')(members)],
        chooses: false,
      }
    case 'followers':
      return { filter: ofRole('follower'), chooses: false }
    case 'observers':
      return { filter: ofRole('observer'), chooses: false }
    case 'follower':
    case 'observer':
      return { filter: (members) => one(ofRole(word)(members), choice), chooses: true }
    case 'random':
      return { filter: (members) => one(live(members), choice), chooses: true }
    case 'majority':
      return {
        filter: (members) => choice.majorityOf(live(members).filter(({ isVoter }) => isVoter)),
        chooses: true,
      }
    default:
      throw usageError(`"${word}" names no member`, hint(choice.members))
  }
}

/** An id counts before a client port: `2181` is member 2181 where there is one. */
function byNumber(word: string, number: number): Filter {
  return (members) => {
    const byId = members.filter(({ id }) => id === number)
    if (byId.length > 0 || word.startsWith('server.')) return byId
    return members.filter(({ clientPort }) => clientPort === number)
  }
}

/** Any one; `kill follower` twice should not depend on the order of ids. */
function one(members: Candidate[], { random }: Choice): Candidate[] {
  const chosen = members[Math.floor(random() * members.length)]
  return chosen === undefined ? [] : [chosen]
}

function nobody(word: string, { selectors, members }: Choice): Error {
  const all = selectors.length === 1 ? `no member is "${word}"` : `no member is "${selectors.join(' ')}"`
  return usageError(`${all} now`, hint(members))
}

/** `there are 0 (leader, port 2180), 1 (killed, port 2181)`. */
function hint(members: readonly Candidate[]): string {
  if (members.length === 0) return 'every member runs'
  const each = members.map(({ id, state, role, clientPort }) => {
    const what = state === 'running' ? (role ?? state) : state
    return `${id} (${what}, port ${clientPort})`
  })
  return `there ${members.length === 1 ? 'is' : 'are'} ${each.join(', ')}`
}
