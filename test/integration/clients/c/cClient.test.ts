/**
 * The C client through a leader's death: its library, which most other languages wrap, and its shell cli_mt.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { allServe, describeEngines, needs, type TestEnsemble } from '../../../support/ensembles.ts'
import { LineProgram, runProgram, works } from '../../../support/programs.ts'
import { LeaderKill } from '../leaderKill.ts'

const python = '/usr/bin/python3'
const shell = '/usr/lib/zookeeper/bin/cli_mt'
const script = fileURLToPath(new URL('./session.py', import.meta.url))
const load = 'import ctypes; ctypes.CDLL("libzookeeper_mt.so.2")'

describeEngines('the C client', (start) => {
  let ensemble: TestEnsemble
  beforeAll(async () => {
    ensemble = await start()
    await allServe(ensemble.members)
  })
  afterAll(() => ensemble?.[Symbol.asyncDispose]())

  it('keeps its session, watches and acknowledged writes', async (context) => {
    needs(context, works(python, ['-c', load]) ? undefined : 'libzookeeper-mt2 is not installed')
    using program = new LineProgram(python, ['-B', script, ensemble.connectString])
    await using _ = await LeaderKill.amid(ensemble, program)
    const done = await program.step('done')
    expect(done).toMatchObject({
      created: ['/c', '/c/e-0000000000', -110],
      events: [[3, '/c']],
      same_session: true,
      ephemeral: '',
      wrong: [],
      running: false,
    })
    expect(done.acknowledged).toBeGreaterThanOrEqual(40)
  })

  it('writes and reads in its shell, before and after', async (context) => {
    needs(context, existsSync(shell) ? undefined : `${shell} is not installed (Debian: zookeeper-bin)`)
    const cli = async (command: string): Promise<string> => {
      const { stdout, stderr } = await runProgram(shell, ['-h', ensemble.connectString, '-c', command])
      return stdout + stderr
    }
    expect(await cli('create /shell')).toContain('[/shell]: rc = 0')
    expect(await cli('set /shell before')).toContain('/shell: rc = 0')
    await using _ = await LeaderKill.of(ensemble)
    expect(await cli('get /shell')).toContain('value_len = 6')
    expect(await cli('create /shell')).toContain('[/shell]: rc = -110')
    expect(await cli('set /shell after')).toContain('/shell: rc = 0')
    expect(await cli('get /missing')).toContain('rc = -101')
  })
})
