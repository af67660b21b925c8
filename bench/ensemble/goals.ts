/** The goals, by metric: most as ratios of zk-pseudo to Apache ZooKeeper, the command line's as times. */
export interface Goal {
  metric: string
  /** The measured value must be at most (`below`) or at least (`above`) this. */
  bound: 'below' | 'above'
  limit: number
  /** Of zk-pseudo / Apache, or of zk-pseudo's own figure. */
  of: 'ratio' | 'value'
}

export const goals: readonly Goal[] = [
  { metric: 'cold start to first write', of: 'ratio', bound: 'below', limit: 1 / 3 },
  { metric: 'leader killed to first write', of: 'ratio', bound: 'below', limit: 1 / 4 },
  { metric: 'memory, idle', of: 'ratio', bound: 'below', limit: 0.5 },
  { metric: 'memory, under load', of: 'ratio', bound: 'below', limit: 0.2 },
  { metric: 'writes, pipelined: throughput', of: 'ratio', bound: 'above', limit: 3 },
  { metric: 'reads, pipelined: throughput', of: 'ratio', bound: 'above', limit: 5 },
  { metric: 'writes, single: p50', of: 'ratio', bound: 'below', limit: 0.5 },
  { metric: 'reads, single: p50', of: 'ratio', bound: 'below', limit: 0.5 },
  { metric: 'zk-pseudo up 3 -d', of: 'value', bound: 'below', limit: 1000 },
  { metric: 'zk-pseudo ps', of: 'value', bound: 'below', limit: 200 },
  { metric: 'zk-pseudo down', of: 'value', bound: 'below', limit: 1000 },
]

export function reached(goal: Goal, measured: number): boolean {
  return goal.bound === 'below' ? measured <= goal.limit : measured >= goal.limit
}
