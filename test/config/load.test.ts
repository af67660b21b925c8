import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig, loadEnsemble, writeInferredIds } from '../../src/config/load/load.ts'
import { formatProblem } from '../../src/config/problem.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function put(name: string, text: string): string {
  const file = join(dir, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** The file of a member, with dataDir in line 3, clientPort in line 4, and the servers from line 5. */
function putMember(sid: number, name = `zoo-${sid}.cfg`, count = 3): string {
  const servers = Array.from({ length: count }, (_, i) => `server.${i}=127.0.0.1:${8000 + i}:${8100 + i}`)
  const head = ['initLimit=10', 'syncLimit=5', `dataDir=${dir}/data/${sid}`, `clientPort=${2180 + sid}`]
  return put(name, [...head, ...servers, ''].join('\n'))
}

/** Problems without the name of the temporary folder. */
function shown(problems: Parameters<typeof formatProblem>[0][]): string[] {
  return problems.map((p) => formatProblem(p).replaceAll(`${dir}/`, ''))
}

describe('loadConfig', () => {
  it('reads the id from myid', () => {
    put('data/1/myid', '1\n')
    const { config, problems } = loadConfig(putMember(1))
    expect(problems).toEqual([])
    expect(config).toMatchObject({ sid: 1, dataDir: `${dir}/data/1`, clientPort: 2181 })
  })

  it.each([
    [
      'one',
      ['data/1/myid:1: myid "one" is not a number; the file of zoo-1.cfg holds one number, its server\'s id'],
    ],
    [
      '',
      ['data/1/myid:1: myid "" is not a number; the file of zoo-1.cfg holds one number, its server\'s id'],
    ],
    [
      'server.1',
      [
        'data/1/myid:1: myid "server.1" is not a number; the file of zoo-1.cfg holds one number, its server\'s id',
      ],
    ],
    [
      '9\n',
      [
        'data/1/myid:1: the id 9 is not in the server list of zoo-1.cfg, which has 0, 1, 2; write one of these, or add a server.9 line',
      ],
    ],
    [
      ' 1 \n',
      [
        'data/1/myid:1: warning: myid has blanks around its number, which Apache ZooKeeper refuses; remove them',
      ],
    ],
    [
      '\uFEFF1\n',
      [
        'data/1/myid:1: warning: myid starts with a byte order mark, which Apache ZooKeeper refuses; save the file without it (UTF-8 without BOM)',
      ],
    ],
    ['1\r\n', []],
    ['1', []],
  ])('myid %j', (text, expected) => {
    put('data/1/myid', text)
    expect(shown(loadConfig(putMember(1)).problems)).toEqual(expected)
  })

  it('misses myid in an ensemble, not standalone', () => {
    expect(shown(loadConfig(putMember(1)).problems)).toEqual([
      'zoo-1.cfg:3: data/1/myid is missing; write the id of its server.N line into it',
    ])
    const alone = loadConfig(put('zoo.cfg', `dataDir=${dir}/data\nclientPort=2181`))
    expect(alone).toMatchObject({ problems: [], config: { sid: null } })
  })

  it('says that a file is not there', () => {
    const { config, problems } = loadConfig(join(dir, 'none.cfg'))
    expect(config).toBeNull()
    expect(shown(problems)).toEqual(['none.cfg: there is no such file; check the path'])
    expect(shown(loadConfig(dir).problems)[0]).toContain('cannot be read (EISDIR)')
  })

  it('merges the dynamic file, and says when it is not there', () => {
    const dynamic = put(
      'zoo.cfg.dynamic.a',
      'server.1=127.0.0.1:1:2:participant;2181\nserver.2=127.0.0.1:3:4\nserver.3=127.0.0.1:5:6',
    )
    put('data/myid', '1')
    const head = `initLimit=1\nsyncLimit=1\ndataDir=${dir}/data\n`
    const { config, problems } = loadConfig(put('zoo.cfg', `${head}dynamicConfigFile=${dynamic}`))
    expect(shown(problems)).toEqual([])
    expect(config).toMatchObject({ sid: 1, clientPort: 2181, configVersion: 'a' })
    const missing = loadConfig(put('zoo.cfg', `${head}clientPort=1\ndynamicConfigFile=${dynamic}0`))
    expect(shown(missing.problems)[0]).toContain(
      'zoo.cfg:5: dynamicConfigFile zoo.cfg.dynamic.a0 was not read',
    )
  })

  it('finds snapshots among the logs and logs among the snapshots', () => {
    put('log/version-2/snapshot.0', '')
    put('data/version-2/log.1', '')
    const file = put('zoo.cfg', `clientPort=2181\ndataDir=${dir}/data\ndataLogDir=${dir}/log`)
    expect(shown(loadConfig(file).problems)).toEqual([
      `zoo.cfg:2: dataDir ${dir}/data has transaction logs (version-2/log.1); they belong into dataLogDir: move them, or exchange the two settings`.replaceAll(
        `${dir}/`,
        '',
      ),
      `zoo.cfg:3: dataLogDir ${dir}/log has snapshots (version-2/snapshot.0); they belong into dataDir: move them, or exchange the two settings`.replaceAll(
        `${dir}/`,
        '',
      ),
    ])
  })
})

describe('loadEnsemble', () => {
  it('takes the files of a folder in natural order and infers ids from their names', async () => {
    for (let sid = 0; sid < 11; sid++) putMember(sid, `conf/zoo-${sid}.cfg`, 11)
    put('conf/zoo-0.cfg.bak', 'nonsense')
    put('data/3/myid', '3\n')
    const { members, problems, inferences } = await loadEnsemble([join(dir, 'conf')])
    expect(shown(problems)).toEqual([])
    expect(members.map(({ sid }) => sid)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(members.map(({ clientPort }) => clientPort - 2180)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(inferences.map(({ sid }) => sid)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10])
  })

  it('writes inferred ids once, where Apache looks for them', async () => {
    const files = [0, 1, 2].map((sid) => putMember(sid))
    const first = await loadEnsemble(files)
    expect(first.inferences).toHaveLength(3)
    writeInferredIds(first.inferences)
    expect(readFileSync(join(dir, 'data/2/myid'), 'utf8')).toBe('2\n')
    const second = await loadEnsemble(files)
    expect(second.inferences).toEqual([])
    expect(second.members).toEqual(first.members)
    // A file that has come into being meanwhile is not overwritten.
    expect(() => writeInferredIds(first.inferences)).toThrow(/EEXIST/)
  })

  it('does not repair a wrong myid', async () => {
    put('data/1/myid', '2')
    put('data/2/myid', '2')
    const { problems } = await loadEnsemble([0, 1, 2].map((sid) => putMember(sid)))
    expect(shown(problems)).toContain(
      'zoo-2.cfg:3: data/2/myid says 2, and so does data/1/myid of zoo-1.cfg; give each member its own id',
    )
    expect(readFileSync(join(dir, 'data/1/myid'), 'utf8')).toBe('2')
  })

  it('collects the problems of all files', async () => {
    const files = [put('a.cfg', 'tickTime=0'), put('b.cfg', 'clientPort=x'), join(dir, 'c.cfg')]
    const { problems } = await loadEnsemble([...files, files[0] as string, join(dir, 'empty')])
    mkdirSync(join(dir, 'empty'))
    expect(shown(problems).map((text) => text.split(': ').slice(0, 2).join(': '))).toEqual([
      'a.cfg: is named twice; name each file once',
      'a.cfg: dataDir is missing; add a line such as dataDir=/tmp/zookeeper',
      'a.cfg: clientPort is missing; add a line such as clientPort=2181',
      'a.cfg: has no server list, so it runs alone; write the same server.N lines into every file, or start it by itself',
      'a.cfg:1: tickTime',
      'b.cfg: dataDir is missing; add a line such as dataDir=/tmp/zookeeper',
      'b.cfg: has no server list, so it runs alone; write the same server.N lines into every file, or start it by itself',
      'b.cfg:1: clientPort',
      'c.cfg: there is no such file; check the path',
      'empty: there is no such file; check the path',
    ])
    expect(shown((await loadEnsemble([join(dir, 'empty')])).problems)).toEqual([
      'empty: has no .cfg files; name files or another folder',
    ])
  })

  it('says which name resolved to what', async () => {
    const files = [0, 1, 2].map((sid) => putMember(sid))
    for (const file of files)
      writeFileSync(file, readFileSync(file, 'utf8').replace('=127.0.0.1:8001', '=slave1:8001'))
    const { problems } = await loadEnsemble(files, { lookup: async () => ['203.0.113.9'] })
    expect(shown(problems)).toEqual([
      'zoo-1.cfg:6: server.1: "slave1" resolves to 203.0.113.9, which is not an address of this machine; all members run here: correct the hosts file, or write 127.0.0.1',
    ])
    expect((await loadEnsemble(files, { lookup: null })).problems).toEqual([])
  })
})

describe('the configs that come with the package', () => {
  const configs = join(import.meta.dirname, '../../configs')

  /** A copy whose data is in the temporary folder, so that the content of /tmp/zookeeper has no influence. */
  function copyOf(folder: string): string {
    for (const name of readdirSync(join(configs, folder))) {
      const text = readFileSync(join(configs, folder, name), 'utf8')
      put(`${folder}/${name}`, text.replace('dataDir=/tmp/zookeeper', `dataDir=${dir}/data`))
    }
    return join(dir, folder)
  }

  it.each([
    ['three', [0, 1, 2], 0],
    ['five', [0, 1, 2, 3, 4], 0],
    ['observers', [0, 1, 2, 3, 4], 2],
  ])('%s', async (folder, sids, observers) => {
    const { members, problems, inferences } = await loadEnsemble([copyOf(folder)])
    expect(problems.map(formatProblem)).toEqual([])
    expect(members.map(({ sid }) => sid)).toEqual(sids)
    expect(members.map(({ clientPort }) => clientPort)).toEqual(sids.map((sid) => 2180 + sid))
    expect(members.filter(({ peerType }) => peerType === 'observer')).toHaveLength(observers)
    for (const { servers } of members) {
      expect(servers.map(({ quorumPort }) => quorumPort)).toEqual(sids.map((sid) => 8000 + sid))
      expect(servers.map(({ electionPort }) => electionPort)).toEqual(sids.map((sid) => 8100 + sid))
    }
    for (const { by } of inferences) expect(by).toBe('file name')
  })

  it('standalone', async () => {
    const { members, problems } = await loadEnsemble([copyOf('standalone')])
    expect(problems).toEqual([])
    expect(members).toMatchObject([{ clientPort: 2181, servers: [] }])
  })
})
