/** The server list as servers exchange it, and zoo.cfg after the list has moved out of it. */
import { describe, expect, it } from 'vitest'
import { withDynamicFile } from '../../src/config/load/staticFile.ts'
import type { ServerSpec } from '../../src/config/serverConfig.ts'
import {
  readJoiner,
  readNewMembers,
  readVersionedList,
  sharedAddress,
  versionedList,
} from '../../src/config/servers/membership.ts'

const LIST = 'server.1=a:1:2:participant;0.0.0.0:3\nserver.2=b:1:2:observer\nversion=10000000a'

function joiner(text: string): ServerSpec {
  const server = readJoiner(text)
  if (typeof server === 'string') throw new Error(`${text} is ${server}`)
  return server
}

describe('a list as text', () => {
  it('is read and written as it is', () => {
    const read = readVersionedList(LIST)
    expect([read?.version, read?.text, read?.servers.map(({ sid, role }) => `${sid} ${role}`)]).toEqual([
      0x10000000a,
      LIST,
      ['1 participant', '2 observer'],
    ])
    expect(versionedList({ servers: read?.servers ?? [], groups: {}, weights: {} }, 0x10000000a).text).toBe(
      LIST,
    )
  })

  it.each([
    '',
    'version=5',
    'server.1=nothing\nversion=0',
    'server.1=a:1:2\nversion=xyz',
    'server.1=a:1:2\nversion=ffffffffffffffff',
  ])('is not %j', (text) => {
    expect(readVersionedList(text)).toBeNull()
  })
})

describe('what a reconfig names', () => {
  it('may be a hierarchical list in bulk, whose weights are spelled out', () => {
    const list = readNewMembers('server.1=a:1:2,server.2=b:1:2,server.3=c:1:2,group.1=1:2:3,weight.2=0', true)
    if (typeof list === 'string') throw new Error(list)
    expect(versionedList(list, 7).text.split('\n').slice(3)).toEqual([
      'group.1=1:2:3',
      'weight.1=1',
      'weight.2=0',
      'weight.3=1',
      'version=7',
    ])
  })

  it.each([
    ['tickTime=2000', 'bad'],
    ['server.1=a', 'bad'],
    ['server.1=a:1:2,group.1=2', 'bad'],
    ['server.x=a:1:2', 'unreadable'],
    ['server.1=a:1:2,group.1=x', 'unreadable'],
    ['server.1=a:1:70000', 'unreadable'],
    ['server.1=a:1:2:observer', 'unreadable'],
  ])('is refused in bulk: %s', (text, fault) => {
    expect(readNewMembers(text, true)).toBe(fault)
  })

  it.each([
    ['server.7', 'bad'],
    ['server.7=a:1:2', 'bad'],
    ['server.7=a:1:2:leader;3', 'bad'],
    ['server.x=a:1:2;3', 'unreadable'],
    ['server.7=a:1:2;99999', 'unreadable'],
  ])('is refused as a joiner: %s', (text, fault) => {
    expect(readJoiner(text)).toBe(fault)
  })

  it('may not share an address, but for the loopback and wildcards', () => {
    const one = joiner('server.1=10.0.0.1:1:2;3')
    expect(sharedAddress(one, joiner('server.2=10.0.0.1:4:2;5'))).toBe('10.0.0.1:2')
    expect(sharedAddress(one, joiner('server.2=10.0.0.2:1:2;3'))).toBeNull()
    expect(sharedAddress(joiner('server.1=127.0.0.1:1:2;3'), joiner('server.2=127.0.0.1:1:2;3'))).toBeNull()
  })
})

describe('zoo.cfg with a dynamic file', () => {
  const text =
    '# mine\ntickTime=2000\nclientPort=1\nclientPortListenBacklog=5\nserver.1=a:1:2\nserver.2=\\\n  b:1:2\npeerType=observer\n\n! more\n'

  it('keeps every line but those that moved', () => {
    expect(withDynamicFile(text, '/x/zoo.cfg.dynamic.5', false)).toBe(
      '# mine\ntickTime=2000\nclientPort=1\nclientPortListenBacklog=5\n\n! more\ndynamicConfigFile=/x/zoo.cfg.dynamic.5\n',
    )
  })

  it('leaves out the client port that the server line has, and the older file', () => {
    const again = withDynamicFile(`${text}dynamicConfigFile=/x/old\n`, '/x/new', true)
    expect(again).not.toMatch(/^clientPort=|old/m)
    expect(again.match(/dynamicConfigFile/g)).toHaveLength(1)
  })
})
