/** Two traces side by side: equal, or where they differ, as text for people. */
import { type Scene, sceneBlocks } from './normal/trace.ts'

/**
 * Null when both are the same; otherwise the lines that only one of them has, each under its scene and block.
 */
export function differenceOf(expected: readonly Scene[], actual: readonly Scene[]): string | null {
  const out: string[] = []
  const titles = [...new Set([...expected, ...actual].map(({ title }) => title))]
  for (const title of titles) {
    const one = sceneBlocks(expected.find((scene) => scene.title === title))
    const other = sceneBlocks(actual.find((scene) => scene.title === title))
    for (const block of [...new Set([...one.keys(), ...other.keys()])]) {
      const marked = aligned(one.get(block) ?? [], other.get(block) ?? [])
      if (marked.every(({ mark }) => mark === '=')) continue
      out.push(
        `## ${title}`,
        block,
        ...marked.map(({ mark, text }) => `${mark === '=' ? ' ' : mark} ${text}`),
      )
    }
  }
  return out.length === 0 ? null : out.join('\n')
}

export interface Marked {
  /** `=` is in both, `-` only in the expected one, `+` only in the actual one. */
  readonly mark: '=' | '-' | '+'
  readonly text: string
}

/** Aligns two lists by their longest common subsequence. */
export function aligned(one: readonly string[], other: readonly string[]): Marked[] {
  const lengths = commonLengths(one, other)
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  const out: Marked[] = []
  let [i, j] = [0, 0]
  while (i < one.length || j < other.length) {
    const [left, right] = [one[i], other[j]]
    if (left !== undefined && left === right) {
      out.push({ mark: '=', text: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      out.push({ mark: '-', text: left })
      i += 1
    } else {
      out.push({ mark: '+', text: right as string })
      j += 1
    }
  }
  return out
}

/** For each pair of positions, the length of the longest common subsequence of what follows them. */
function commonLengths(one: readonly string[], other: readonly string[]): number[][] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Array<number>(other.length + 1).fill(0))
  for (let i = one.length - 1; i >= 0; i--) {
    const row = lengths[i] as number[]
    const below = lengths[i + 1] as number[]
    for (let j = other.length - 1; j >= 0; j--) {
      row[j] = one[i] === other[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return lengths
}
