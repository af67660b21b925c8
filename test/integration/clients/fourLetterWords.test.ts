/** Four-letter words, as people and their monitoring send them: `echo ruok | nc`, and over bare sockets. */
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  allServe,
  describeEngines,
  leaderOf,
  modes,
  needs,
  type TestEnsemble,
} from '../../support/ensembles.ts'
import { eventually } from '../../support/eventually.ts'
import { ask } from '../../support/fourLetterWord.ts'
import { runProgram, works } from '../../support/programs.ts'

describeEngines('four-letter words', (start) => {
  let ensemble: TestEnsemble
  beforeAll(async () => {
    ensemble = await start()
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  it('answers echo ruok | nc', async (context) => {
    needs(context, works('sh', ['-c', 'command -v nc']) ? undefined : 'nc is not installed')
    for (const { clientPort } of ensemble.members) {
      const { stdout } = await runProgram('sh', ['-c', `echo ruok | nc 127.0.0.1 ${clientPort}`])
      expect(stdout).toBe('imok')
    }
  })

  it('reports which member leads and which follow', async () => {
    expect((await modes(ensemble)).sort()).toEqual(['follower', 'follower', 'leader'])
    const leader = await leaderOf(ensemble)
    const answer = await ask(leader.clientPort, 'srvr')
    const names = answer
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(':')[0])
    expect(names).toEqual([
      'Zookeeper version',
      'Latency min/avg/max',
      'Received',
      'Sent',
      'Connections',
      'Outstanding',
      'Zxid',
      'Mode',
      'Node count',
      'Proposal sizes last/min/max',
    ])
    expect(answer).toMatch(/^Zxid: 0x[0-9a-f]+$/m)
    expect(answer).toMatch(/^Node count: 5$/m)
  })

  it('lists its connections in stat', async () => {
    const answer = await ask((await leaderOf(ensemble)).clientPort, 'stat')
    expect(answer).toMatch(/^Clients:\n \/127\.0\.0\.1:\d+\[\d+\]\(queued=0,recved=\d+,sent=\d+\)$/m)
  })

  it('reports in mntr the numbers that monitoring reads', async () => {
    const leader = await leaderOf(ensemble)
    const answer = await ask(leader.clientPort, 'mntr')
    const values = new Map(answer.split('\n').map((line) => line.split('\t') as [string, string]))
    expect(values.get('zk_server_state')).toBe('leader')
    expect(values.get('zk_peer_state')).toBe('leading - broadcast')
    expect(Number(values.get('zk_synced_followers'))).toBe(2)
    expect(Number(values.get('zk_znode_count'))).toBe(5)
    for (const key of [
      'zk_version',
      'zk_num_alive_connections',
      'zk_outstanding_requests',
      'zk_watch_count',
    ]) {
      expect(values.has(key), key).toBe(true)
    }
  })

  it.skipIf(process.platform !== 'linux')('counts the open files of its process in mntr', async () => {
    const { clientPort } = await leaderOf(ensemble)
    const count = async () =>
      Number(/^zk_open_file_descriptor_count\t(\d+)$/m.exec(await ask(clientPort, 'mntr'))?.[1])
    const before = await count()
    expect(before).toBeGreaterThan(10)
    const clients = Array.from({ length: 5 }, () => connect({ host: '127.0.0.1', port: clientPort }))
    try {
      await eventually('five more sockets', async () => (await count()) >= before + 5)
    } finally {
      for (const client of clients) client.destroy()
    }
    expect(await ask(clientPort, 'mntr')).toMatch(/^zk_max_file_descriptor_count\t[1-9]\d*$/m)
  })

  it('prints its configuration in conf', async () => {
    for (const { id, clientPort, quorumPort, electionPort } of ensemble.members) {
      const answer = await ask(clientPort, 'conf')
      expect(answer).toContain(`clientPort=${clientPort}\n`)
      expect(answer).toContain(`serverId=${id}\n`)
      expect(answer).toContain('tickTime=2000\n')
      expect(answer).toContain(`server.${id}=127.0.0.1:${quorumPort}:${electionPort}:participant`)
    }
  })

  it('reports that it accepts writes', async () => {
    for (const { clientPort } of ensemble.members) expect(await ask(clientPort, 'isro')).toBe('rw')
  })

  it('closes the connection at an unknown word', async () => {
    const [member] = ensemble.members
    expect(await ask(member?.clientPort as number, 'reqs').catch(() => '')).toBe('')
  })
})
