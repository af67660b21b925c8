import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/load/parse.ts'
import type { ServerSpec } from '../../src/config/serverConfig.ts'
import { membershipText } from '../../src/config/servers/membership.ts'
import { formatServer, parseServerValue } from '../../src/config/servers/servers.ts'

const PLAIN: ServerSpec = {
  sid: 1,
  host: 'h',
  quorumPort: 2888,
  electionPort: 3888,
  role: 'participant',
  clientAddress: null,
  clientPort: null,
  extraAddresses: [],
  group: null,
  weight: 1,
}

// The value as written, what it means, and how Apache prints it (QuorumServer.toString).
const forms: [value: string, means: Partial<ServerSpec>, printed: string][] = [
  ['h:2888:3888', {}, 'h:2888:3888:participant'],
  ['h:2888:3888:participant', {}, 'h:2888:3888:participant'],
  ['h:2888:3888:Observer', { role: 'observer' }, 'h:2888:3888:observer'],
  ['h:2888:3888;2181', { clientPort: 2181 }, 'h:2888:3888:participant;0.0.0.0:2181'],
  ['h:2888:3888:observer;2181', { role: 'observer', clientPort: 2181 }, 'h:2888:3888:observer;0.0.0.0:2181'],
  ['h:2888:3888;c:2181', { clientAddress: 'c', clientPort: 2181 }, 'h:2888:3888:participant;c:2181'],
  [
    'h:2888:3888;[::1]:2181',
    { clientAddress: '::1', clientPort: 2181 },
    'h:2888:3888:participant;[::1]:2181',
  ],
  ['[::1]:2888:3888', { host: '::1' }, '[::1]:2888:3888:participant'],
  [
    '[2001:db8::7]:2888:3888:observer',
    { host: '2001:db8::7', role: 'observer' },
    '[2001:db8::7]:2888:3888:observer',
  ],
  [
    'h:2888:3888|i:2889:3889;2181',
    { extraAddresses: [{ host: 'i', quorumPort: 2889, electionPort: 3889 }], clientPort: 2181 },
    'h:2888:3888|i:2889:3889:participant;0.0.0.0:2181',
  ],
  [
    'h:2888:3888:observer|i:2889:3889:observer',
    { extraAddresses: [{ host: 'i', quorumPort: 2889, electionPort: 3889 }], role: 'observer' },
    'h:2888:3888|i:2889:3889:observer',
  ],
  ['h:2888:3888;', {}, 'h:2888:3888:participant'],
]

describe('server.N', () => {
  it.each(forms)('%s', (value, means, printed) => {
    const spec = parseServerValue(1, value)
    expect(spec).toEqual({ ...PLAIN, ...means })
    expect(formatServer(spec as ServerSpec)).toBe(printed)
    // What Apache prints reads back the same, except that 0.0.0.0 is then written out.
    const again = parseServerValue(1, printed) as ServerSpec
    expect(formatServer(again)).toBe(printed)
  })

  const head = 'dataDir=/d\nclientPort=1\ninitLimit=1\nsyncLimit=1\n'

  it.each([[[11, 12, 13]], [[101, 102, 202]], [[0, 1, 2]]])('ids %j', (sids) => {
    const { config, problems } = parseConfig(
      head +
        sids
          .toReversed()
          .map((sid) => `server.${sid}=h${sid}:1:2`)
          .join('\n'),
      'f',
    )
    expect(problems).toEqual([])
    expect(config.servers.map(({ sid }) => sid)).toEqual(sids)
    expect(membershipText(config, 0x1_0000_0000n)).toBe(
      [...sids.map((sid) => `server.${sid}=h${sid}:1:2:participant`), 'version=100000000'].join('\n'),
    )
  })

  it('groups and weights', () => {
    const servers = [1, 2, 3, 4, 5, 6].map(
      (sid) => `server.${sid}=h${sid}:1:2${sid === 6 ? ':observer' : ''}`,
    )
    const text = `${head}${servers.join('\n')}\ngroup.1=1:2\ngroup.2=3:4:5\nweight.1=3\nweight.5=0`
    const { config, problems } = parseConfig(text, 'f')
    expect(problems).toEqual([])
    expect(config.groups).toEqual({ 1: [1, 2], 2: [3, 4, 5] })
    expect(config.weights).toEqual({ 1: 3, 5: 0 })
    expect(config.servers.map(({ group, weight }) => [group, weight])).toEqual([
      [1, 3],
      [1, 1],
      [2, 1],
      [2, 1],
      [2, 0],
      [null, 1],
    ])
    expect(membershipText(config, 0n).split('\n').slice(6)).toEqual([
      'group.1=1:2',
      'group.2=3:4:5',
      'weight.1=3',
      'weight.2=1',
      'weight.3=1',
      'weight.4=1',
      'weight.5=0',
      'version=0',
    ])
  })
})
