/** Configs of hosts, and what localize makes of them. */
import { formatChange } from '../../src/config/change.ts'
import { parseConfig } from '../../src/config/load/parse.ts'
import { localize } from '../../src/config/localize/localize.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { ServerConfig } from '../../src/config/serverConfig.ts'
import type { LocalizeSource } from '../../src/config/servers/localServer.ts'
import { withSid } from '../../src/config/servers/ownServer.ts'

export const HEAD = [
  'tickTime=1500',
  'initLimit=12',
  'syncLimit=4',
  'dataDir=/var/lib/zookeeper',
  'clientPort=2181',
]
export const THREE = ['server.1=s1:2888:3888', 'server.2=s2:2888:3888', 'server.3=s3:2888:3888']

export function source(lines: readonly string[], more: Partial<LocalizeSource> = {}): LocalizeSource {
  const text = `${lines.join('\n')}\n`
  return { file: 'zoo.cfg', text, dynamic: null, myid: null, flags: new Map(), ...more }
}

export function localized(sources: LocalizeSource[], exists = false) {
  const { members, changes, problems } = localize(sources, { out: '/out', exists: () => exists })
  const configs = members.map(({ sid, file, text }): ServerConfig => {
    const parsed = parseConfig(text, file)
    return withSid(parsed.config, sid, { file: 'myid', line: 1 }).config
  })
  return { members, configs, told: changes.map(formatChange), problems: problems.map(formatProblem) }
}
