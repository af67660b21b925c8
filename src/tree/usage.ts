/** How much lies in a subtree. A client may make a tree deeper than any call stack, hence the stacks here. */
import type { Znode } from './znode.ts'

export interface Usage {
  count: number
  bytes: number
}

/** The node itself counts, too. */
export function usageOf(top: Znode): Usage {
  const usage = { count: 0, bytes: 0 }
  const waiting = [top]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    usage.count += 1
    usage.bytes += node.data?.length ?? 0
    if (node.children !== null) for (const child of node.children.values()) waiting.push(child)
  }
  return usage
}

/** Tells of every node at and below `top` what it holds, with what is below it: all in one walk, children first. */
export function eachUsage(top: Znode, tell: (node: Znode, usage: Readonly<Usage>) => void): void {
  const open = [enter(top)]
  for (let visit = open.at(-1); visit !== undefined; visit = open.at(-1)) {
    const child = visit.children?.next().value
    if (child !== undefined) {
      open.push(enter(child))
      continue
    }
    open.pop()
    const { node, usage } = visit
    tell(node, usage)
    const above = open.at(-1)?.usage
    if (above === undefined) return
    above.count += usage.count
    above.bytes += usage.bytes
  }
}

function enter(node: Znode) {
  const usage: Usage = { count: 1, bytes: node.data?.length ?? 0 }
  return { node, usage, children: node.children?.values() ?? null }
}
