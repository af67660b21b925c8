/** What writers know about their writes, and whether a tree keeps that promise. Pure. */
import type { Tree } from './znodes.ts'

export const LOAD_ROOT = '/load'
export const COUNTER = `${LOAD_ROOT}/counter`
/** The path before the number that the server assigns. */
export const NUMBERED = `${LOAD_ROOT}/n-`

export class Ledger {
  /** The acknowledged writes: data by path. */
  readonly acknowledged = new Map<string, string>()
  private readonly twice: string[] = []
  private added = 0
  private maybeAdded = 0

  created(path: string, token: string): void {
    if (this.acknowledged.has(path)) this.twice.push(path)
    this.acknowledged.set(path, token)
  }

  /** Records that one was added to the counter, certainly or possibly. */
  counted(isCertain: boolean): void {
    if (isCertain) this.added += 1
    else this.maybeAdded += 1
  }

  /** @returns the faults, as text for people */
  judge(tree: Tree): string[] {
    const problems = this.twice.map((path) => `${path} was given out twice`)
    for (const [path, token] of this.acknowledged) {
      const there = tree.get(path)?.data?.toString()
      if (there !== token)
        problems.push(`${path} was acknowledged with ${token}, and holds ${there ?? 'nothing'}`)
    }
    const seen = new Set<string>()
    for (const [path, { data }] of tree) {
      if (!path.startsWith(NUMBERED)) continue
      if (seen.has(String(data))) problems.push(`${data} was sent once, and is there twice`)
      seen.add(String(data))
    }
    const counter = tree.get(COUNTER)
    const total = Number(counter?.data)
    const [least, most] = [this.added, this.added + this.maybeAdded]
    if (!(total >= least && total <= most) || counter?.stat.version !== total) {
      const version = counter?.stat.version
      problems.push(`the counter is ${total} in version ${version}: ${least} to ${most} were added`)
    }
    return problems
  }
}
