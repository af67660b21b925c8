/**
 * The words that name members. Only their form is checked here, so that a typing error is reported at once;
 * the supervisor decides which members they mean (supervisor/selectors.ts).
 */
import type { Verb } from '../api/api.ts'
import { nearest, usageError } from './errors.ts'

export const roleSelectors = ['leader', 'follower', 'followers', 'observer', 'majority', 'random'] as const
const words = [...roleSelectors, 'observers', 'all']

/** The rule, as help gives it. */
export const selectorRule =
  'Several members side by side unite: 1 2, or 1,2, or leader 0. A colon narrows: follower:1 is member 1 if it follows.'

export function checkSelectors(verb: Verb, selectors: readonly string[]): void {
  for (const selector of selectors.flatMap((each) => each.split(/[,:]/))) {
    if (/^(server\.)?\d+$/.test(selector)) continue
    if (!words.includes(selector)) {
      const meant = nearest(selector, words)
      throw usageError(
        `"${selector}" names no member`,
        `${meant === null ? '' : `did you mean ${meant}?\n`}a member is named by its id (1), server.1, its client port (2181), ` +
          `or by what it is now: ${[...roleSelectors, 'all'].join(', ')}; several unite (1,2), a colon narrows (follower:1)`,
      )
    }
    if (verb === 'start' && selector !== 'all') {
      throw usageError(
        `start takes no roles, and "${selector}" is one: a dead member has none`,
        'name the member by its id, for example: zk-pseudo start 1; zk-pseudo ps shows which are down',
      )
    }
  }
}
