/** Apache ZooKeeper as the yardstick: one JVM for each member, started as Debian's package starts it. */
import { ApacheEnsemble, apacheUnavailable } from '../../test/support/apache.ts'
import type { Engine, RunningEngine } from './engine.ts'

export const apacheEngine: Engine = {
  name: 'apache',
  description: 'one JVM a member, default heap (no -Xmx), admin server off, log4j INFO to files',
  unavailable: apacheUnavailable,
  async start(members, dir, set = {}): Promise<RunningEngine> {
    const ensemble = await ApacheEnsemble.start({ members, dir, set })
    return {
      members: ensemble.members,
      pids: () => ensemble.pids,
      kill: (id) => ensemble.kill(id),
      restart: async (id) => ensemble.start(id),
      [Symbol.asyncDispose]: () => ensemble.stopAll(),
    }
  },
}
