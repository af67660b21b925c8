/** What the environment says about the damage test and `npm run damage`. */
import type { Isolation } from './rounds.ts'

const all: readonly [Isolation, ...Isolation[]] = ['thread', 'process']
const asked = process.env.ZK_PSEUDO_DAMAGE_ISOLATION

/** The requested isolation, or both. */
export const isolations: readonly [Isolation, ...Isolation[]] = asked === undefined ? all : [chosen(asked)]

/** The seed of the first round. */
export const seed = numberFrom('ZK_PSEUDO_SEED', Date.now() % 1_000_000)

export const rounds = (unlessAsked: number) => numberFrom('ZK_PSEUDO_DAMAGE_ROUNDS', unlessAsked)

function chosen(text: string): Isolation {
  const isolation = all.find((one) => one === text)
  if (isolation === undefined)
    throw new Error(`ZK_PSEUDO_DAMAGE_ISOLATION is "${text}"; it may be ${all.join(' or ')}`)
  return isolation
}

function numberFrom(name: string, unlessAsked: number): number {
  const text = process.env[name]
  if (text === undefined) return unlessAsked
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is "${text}"; it must be a whole number`)
  return Number(text)
}
