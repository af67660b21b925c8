/**
 * Selectors: the words that name members, and the members that they mean. Pure.
 *
 * - A word is an id (`1`), `server.1`, a client port (`2181`), or what members are now: `leader`, `follower`
 *   (one of them), `followers`, `observer` (one of them), `observers`, `majority`, `random`, `all`.
 * - Words side by side, separated by blanks or commas, unite: `1 2`, `1,2`, `leader 0`. A word that chooses
 *   one of several members (`follower`, `observer`, `random`) chooses among those that no other word names:
 *   `follower follower` means two members.
 * - A colon narrows: `follower:1` is member 1 if it follows, `random:followers` is one of the followers.
 * - As in the time before colons, two words separated by a blank narrow if either of them chooses one of
 *   several: `follower 1`, `1 follower`, `random followers`. To name both, write a comma: `follower,1`.
 */
import type { MemberRole, MemberState, Verb } from '../api/api.ts'
import { usageError } from '../api/operationError.ts'

export interface Candidate {
  id: number
  clientPort: number
  state: MemberState
  role: MemberRole | null
  isVoter: boolean
}

interface Choice {
  verb: Verb
  selectors: readonly string[]
  members: readonly Candidate[]
  /**
   * Chooses from these the smallest set of voters whose loss takes the quorum away; the supervisor provides
   * it.
   */
  majorityOf: (voters: readonly Candidate[]) => Candidate[]
  /** A number in [0, 1). */
  random: () => number
}

type Filter = (members: readonly Candidate[]) => Candidate[]

/** The words that mean one of several members. */
const ONE_OF_SEVERAL = ['follower', 'observer', 'random']
const ROLE_WORDS = ['leader', 'follower', 'followers', 'observer', 'observers', 'majority', 'random', 'all']

const isUp = ({ state }: Candidate): boolean =>
  state === 'running' || state === 'starting' || state === 'paused'
const isDown = (member: Candidate): boolean => !isUp(member)

/**
 * The ids of the members meant, in ascending order. Members that need nothing (a dead member to kill, a
 * running member to start) are left out if they were named by a number or by `all`.
 * @throws OperationError if a word means no member
 */
export function selectMembers(choice: Choice): number[] {
  const { verb, selectors, members } = choice
  const terms = termsOf(selectors)
  if (terms.length === 0) throw usageError(`${verb} needs to know which member`, hint(members))
  for (const term of terms) for (const word of term) filterOf(word, choice)
  // Terms that choose come last, because they choose among the members that the others leave.
  const isChoice = (term: readonly string[]) => Number(term.some((word) => ONE_OF_SEVERAL.includes(word)))
  const named: Candidate[] = []
  for (const term of terms.sort((a, b) => isChoice(a) - isChoice(b))) {
    const free = isChoice(term) === 1 ? members.filter((member) => !named.includes(member)) : members
    const meant = narrowed(term, free, choice)
    if (meant.length === 0) throw nobody(term, named, choice)
    named.push(...meant.filter((member) => !named.includes(member)))
  }
  return named
    .filter(applicable[verb])
    .map(({ id }) => id)
    .sort((a, b) => a - b)
}

/** The terms that are united: each term is one word, or several words that narrow one another. */
function termsOf(selectors: readonly string[]): string[][] {
  const [first = '', second = '', ...more] = selectors
  const isPair = more.length === 0 && !/[,:]/.test(first + second) && second !== ''
  if (isPair && narrowsBySide(first, second)) return [[first, second]]
  return selectors
    .flatMap((selector) => selector.split(','))
    .filter((term) => term !== '')
    .map((term) => term.split(':'))
}

function narrowsBySide(first: string, second: string): boolean {
  const isNumber = (word: string) => /^(?:server\.)?\d+$/.test(word)
  const isPair = (one: string, other: string) =>
    ONE_OF_SEVERAL.includes(one) && one !== other && (one === 'random' || isNumber(other))
  return isPair(first, second) || isPair(second, first)
}

function narrowed(term: readonly string[], members: readonly Candidate[], choice: Choice): Candidate[] {
  const filters = term.map((word) => filterOf(word, choice))
  filters.sort((a, b) => Number(a.chooses) - Number(b.chooses))
  return filters.reduce((left: Candidate[], { filter }) => filter(left), [...members])
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

/** An id takes precedence over a client port: `2181` is member 2181 if there is one. */
function byNumber(word: string, number: number): Filter {
  return (members) => {
    const byId = members.filter(({ id }) => id === number)
    if (byId.length > 0 || word.startsWith('server.')) return byId
    return members.filter(({ clientPort }) => clientPort === number)
  }
}

/** A member chosen at random: `kill follower` twice should not depend on the order of ids. */
function one(members: Candidate[], { random }: Choice): Candidate[] {
  const chosen = members[Math.floor(random() * members.length)]
  return chosen === undefined ? [] : [chosen]
}

function nobody(term: readonly string[], named: readonly Candidate[], choice: Choice): Error {
  const { selectors, members } = choice
  const bySide = term.length > 1 && selectors.length > 1
  const text = term.join(bySide ? ' ' : ':')
  const among = named.length === 0 ? '' : ` but those that are named already`
  const both = bySide ? `to name both: ${term.join(',')}\n` : ''
  return usageError(`no member is "${text}" now${among}`, `${both}${hint(members)}`)
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
