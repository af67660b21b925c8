import { describe, expect, it } from 'vitest'
import type { LocalizeSource } from '../../src/config/servers/localServer.ts'
import { HEAD, localized, source, THREE } from './localizing.ts'

describe('a zoo.cfg of each host', () => {
  const hosts = (changes: (id: number) => string[] = () => [], file = (id: number) => `h${id}/zoo.cfg`) =>
    [3, 1, 2].map((id) => source([...HEAD, ...THREE, ...changes(id)], { file: file(id) }))
  const found = (sources: LocalizeSource[]) => localized(sources).members.map(({ sid, from }) => [sid, from])

  it.each<[string, LocalizeSource[], string]>([
    [
      'its myid',
      hosts().map((each, i) => ({ ...each, myid: { sid: i + 1, where: { file: 'myid', line: 1 } } })),
      'h1/zoo.cfg is server.2: by its myid',
    ],
    [
      'its host name',
      hosts(
        () => [],
        (id) => `s${id}/zoo.cfg`,
      ),
      's1/zoo.cfg is server.1: by its host name s1',
    ],
    [
      'its host name',
      hosts(
        () => [],
        (id) => `conf/zoo-s${id}.cfg`,
      ),
      'conf/zoo-s1.cfg is server.1: by its host name s1',
    ],
    [
      'its own 0.0.0.0',
      hosts((id) => [`server.${id}=0.0.0.0:2888:3888`]).map((each, i) => ({
        ...each,
        text: each.text.replace(`server.${[3, 1, 2][i]}=s${[3, 1, 2][i]}:2888:3888\n`, ''),
      })),
      'h1/zoo.cfg is server.1: by its own 0.0.0.0',
    ],
    [
      'its client address',
      hosts((id) => [`clientPortAddress=s${id}`]),
      'h1/zoo.cfg is server.1: by its clientPortAddress s1',
    ],
    [
      'a number in its name',
      hosts(
        () => [],
        (id) => `zoo${id}.cfg`,
      ),
      'zoo1.cfg is server.1: by the number in its name',
    ],
    ['its place', hosts(), 'h1/zoo.cfg is server.2: by its place among the files'],
  ])('belongs to a member by %s', (_, sources, told) => {
    const result = localized(sources)
    expect(result.problems).toEqual([])
    expect(result.told).toContain(told)
    expect(
      result.told.some(
        (line) => line.startsWith('hosts: s1, s2, s3 →') || line.startsWith('hosts: s3, s1, s2'),
      ),
    ).toBe(true)
  })

  it('keeps the settings of each', () => {
    const sources = hosts(
      (id) => [`maxClientCnxns=${id}0`],
      (id) => `s${id}/zoo.cfg`,
    )
    const { configs } = localized(sources)
    expect(configs.map(({ maxClientCnxns }) => maxClientCnxns)).toEqual([10, 20, 30])
    expect(found(sources)).toEqual([
      [1, 's1/zoo.cfg'],
      [2, 's2/zoo.cfg'],
      [3, 's3/zoo.cfg'],
    ])
  })

  it('lends a member without a file the first one', () => {
    const result = localized(
      hosts(
        () => [],
        (id) => `s${id}/zoo.cfg`,
      ).slice(1),
    )
    expect(result.told).toContain('server.3 has no file of its own: made from s1/zoo.cfg')
    expect(result.members).toHaveLength(3)
  })

  it('refuses files that disagree, or that are of the same server', () => {
    const other = hosts(
      () => [],
      (id) => `s${id}/zoo.cfg`,
    )
    const changed = other.map((each, i) =>
      i === 1 ? { ...each, text: each.text.replace('s3:2888', 's3:2999') } : each,
    )
    expect(localized(changed).problems).toEqual([
      expect.stringMatching(/server\.3 is s3:2\d+.*but s3:2\d+.*all members need the same server list/),
    ])
    const twins = other.map((each) => ({
      ...each,
      myid: { sid: 1, where: { file: `${each.file}/myid`, line: 1 } },
    }))
    expect(localized(twins).problems[0]).toMatch(
      /is server\.1 by its myid, and so is s3\/zoo\.cfg by its myid/,
    )
  })

  it('refuses more files than servers, and an id that is not in the list', () => {
    const four = [...hosts(), source([...HEAD, ...THREE], { file: 'h4/zoo.cfg' })]
    expect(localized(four).problems.join('\n')).toMatch(/cannot tell which of|no server line is left/)
    const strange = hosts().map((each) => ({ ...each, myid: { sid: 9, where: { file: 'myid', line: 1 } } }))
    expect(localized(strange).problems[0]).toContain('the id 9 is not in the server list')
  })
})
