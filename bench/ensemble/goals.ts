/**
 * The goals, by metric: most are ratios of zk-pseudo to Apache ZooKeeper, those of the command line are
 * times.
 */
export interface Goal {
  metric: string
  /** Whether the measured value must be at most (`below`) or at least (`above`) the limit. */
  bound: 'below' | 'above'
  limit: number
  /** What is limited: the ratio of zk-pseudo to Apache, or zk-pseudo's own figure. */
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
