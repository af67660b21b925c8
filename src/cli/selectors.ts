/**
 * The words that name members. Only their form is checked here, so that a slip of the finger is told at once; who
 * they mean is the supervisor's to say.
 */
import type { Verb } from '../control/api.ts'
import { nearest, usageError } from './errors.ts'

export const roleSelectors = ['leader', 'follower', 'followers', 'observer', 'majority', 'random'] as const
const words = [...roleSelectors, 'observers', 'all']

export function checkSelectors(verb: Verb, selectors: readonly string[]): void {
  for (const selector of selectors) {
    if (/^(server\.)?\d+$/.test(selector)) continue
    if (!words.includes(selector)) {
      const meant = nearest(selector, words)
      throw usageError(
        `"${selector}" names no member`,
        `${meant === null ? '' : `did you mean ${meant}?\n`}a member is named by its id (1), server.1, its client port (2181), ` +
          `or by what it is now: ${[...roleSelectors, 'all'].join(', ')}`,
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
