/**
 * An `up` in a folder that a reconfiguration has changed: who was removed, who was down meanwhile, who is to
 * join.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { classicEnsemble } from '../../src/config/classic.ts'
import { withDynamicFile } from '../../src/config/load/staticFile.ts'
import { ClusterDir } from '../../src/supervisor/folder/clusterDir.ts'
import { planFiles } from '../../src/supervisor/plan.ts'

describe('config files behind a reconfiguration', () => {
  let dir: string
  let files: string[]
  let lines: string[]

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'zkp-reconfigured-'))
    const { members } = classicEnsemble({
      members: 4,
      dir,
      set: { reconfigEnabled: 'true' },
      basePort: 21810,
    })
    for (const { file, text, config, sid } of members) {
      mkdirSync(config.dataDir, { recursive: true })
      mkdirSync(join(dir, 'conf'), { recursive: true })
      writeFileSync(file, text)
      writeFileSync(join(config.dataDir, 'myid'), `${sid}\n`)
    }
    files = members.map(({ file }) => file)
    lines = readFileSync(files[0] as string, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('server.'))
  })

  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  /** As members write it when a reconfiguration is in force. */
  function reconfigured(ids: readonly number[], servers: readonly string[]): void {
    for (const id of ids) {
      const file = files[id] as string
      const dynamic = `${file}.dynamic.100000005`
      writeFileSync(dynamic, servers.join('\n'))
      writeFileSync(file, withDynamicFile(readFileSync(file, 'utf8'), dynamic, false))
    }
  }

  const planned = async () => {
    const { members, notes } = await planFiles(files, new ClusterDir(join(dir, 'cluster')))
    return { ids: members.map(({ sid }) => sid), notes: notes.join('\n') }
  }

  it('leave out who was removed, and say so', async () => {
    reconfigured([0, 1, 2, 3], lines.slice(0, 3))
    const { ids, notes } = await planned()
    expect(ids).toEqual([0, 1, 2])
    expect(notes).toMatch(/server 3 is left out: a reconfiguration has removed it from .*zoo-3\.cfg\.dynamic/)
  })

  it('start who was down meanwhile with the list of before', async () => {
    reconfigured(
      [0, 1],
      lines.map((line) => line.replace(/^(server\.1=.*)participant/, '$1observer')),
    )
    const { ids, notes } = await planned()
    expect(ids).toEqual([0, 1, 2, 3])
    expect(notes).not.toContain('error')
  })

  it('that disagree in one version are refused', async () => {
    reconfigured([0, 1, 2, 3], lines)
    writeFileSync(`${files[1]}.dynamic.100000005`, lines.slice(0, 3).join('\n'))
    await expect(planFiles(files, new ClusterDir(join(dir, 'cluster')))).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      hint: expect.stringMatching(/server\.3 is missing.*all members need the same server list/),
    })
  })

  it('may have a server that is yet to join', async () => {
    const last = lines[3] as string
    for (const file of files.slice(0, 3)) {
      writeFileSync(file, readFileSync(file, 'utf8').replace(`${last}\n`, ''))
    }
    const { ids, notes } = await planned()
    expect(ids).toEqual([0, 1, 2, 3])
    expect(notes).toMatch(
      /server\.3 is not in the list of .*zoo-0\.cfg.*: it is to join by a reconfiguration/,
    )
    // Without reconfigEnabled it never could.
    for (const file of files) {
      writeFileSync(file, readFileSync(file, 'utf8').replace('reconfigEnabled=true', 'reconfigEnabled=false'))
    }
    await expect(planFiles(files, new ClusterDir(join(dir, 'cluster')))).rejects.toMatchObject({
      code: 'BAD_CONFIG',
    })
  })
})
