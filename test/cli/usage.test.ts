import { describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/registry.ts'
import { runCli } from './cli.ts'

describe('wrong usage exits 2 and says what to do', () => {
  const cases: [string, string[], RegExp][] = [
    ['an unknown command', ['kil', 'leader'], /unknown command "kil"[\s\S]*did you mean kill\?/],
    ['an unknown option', ['ps', '--jsno'], /unknown option "--jsno"[\s\S]*did you mean --json\?/],
    ['a help topic that is none', ['help', 'evnts'], /unknown command "evnts"[\s\S]*did you mean events\?/],
    ['a verb without members', ['kill'], /missing required argument "selector"[\s\S]*zk-pseudo help kill/],
    ['a misspelt selector', ['kill', 'leadr'], /"leadr" names no member[\s\S]*did you mean leader\?/],
    ['start with a role', ['start', 'leader'], /start takes no roles[\s\S]*zk-pseudo start 1/],
    ['no number of seconds', ['kill', '1', '--wait-timeout', 'soon'], /--wait-timeout takes seconds.*"soon"/],
    ['a tail of no lines', ['logs', '--tail', '-1'], /--tail takes a whole number/],
    ['too many arguments', ['ps', 'leader'], /too many arguments/],
    ['an unknown shell', ['completion', 'bsh'], /did you mean bash\?/],
    ['no members at all', ['up', '0'], /1 to 99 members, not 0/],
    ['a negative number of members', ['up', '--', '-3'], /1 to 99 members, not -3/],
    ['a file that is not there', ['up', 'nowhere.cfg'], /no file or folder nowhere\.cfg/],
    ['a number and a file', ['up', '3', 'a.cfg'], /one number of members, or config files/],
    ['a setting without a value', ['up', '3', '--set', 'tickTime'], /--set takes key=value/],
    [
      'a home folder that no shell put in',
      ['up', '3', '--dry-run', '--dir=~/zk'],
      /--dir ~\/zk is taken literally/,
    ],
    ['a variable in an output folder', ['localize', 'a.cfg', '--out', '$OUT'], /--out \$OUT is taken/],
    ['ports that do not exist', ['up', '3', '--dry-run', '--base-port', '65530'], /out of range/],
    [
      'a wrong value',
      ['up', '3', '--dry-run', '--set', 'tickTime=0'],
      /configs have 1 error[\s\S]*--set.*tickTime/,
    ],
    [
      'two ways to choose ports',
      ['up', '3', '--ports', 'auto', '--base-port', '3000'],
      /exclude one another/,
    ],
    [
      'a port out of range',
      ['up', '3', '--base-port', '70000'],
      /--base-port takes a whole number, 1 to 65535/,
    ],
    ['an engine nearly spelt', ['up', '3', '--engine', 'apach'], /did you mean apache\?/],
    ['an engine of one member nearly spelt', ['up', '3', '--engine', '0=apach'], /did you mean apache\?/],
    ['an isolation nearly spelt', ['up', '3', '--isolation', 'proces'], /did you mean process\?/],
    ['a target nearly spelt', ['handover', '--to', 'apahce'], /did you mean apache\?/],
    ['a format nearly spelt', ['export', '--format', 'compse'], /did you mean compose\?/],
    ['an isolation that is none', ['up', '3', '--isolation', 'container'], /thread or process/],
    [
      'changes to the files of the user',
      ['up', '/', '--set', 'tickTime=1'],
      /--set cannot change config files/,
    ],
  ]
  it.each(cases)('%s', async (_what, words, message) => {
    const ran = await runCli(words)
    expect(ran.stderr).toMatch(message)
    expect(ran.stdout).toBe('')
    expect(ran.code).toBe(2)
  })

  it('prints the error as the one JSON document with --json', async () => {
    const ran = await runCli(['ps', '--json', '--nmae', 'x'])
    expect(JSON.parse(ran.stdout)).toEqual({
      error: {
        code: 'USAGE',
        message: 'unknown option "--nmae"',
        hint: 'did you mean --name?  usage: zk-pseudo help ps',
        exitCode: 2,
      },
    })
    expect(ran.code).toBe(2)
  })

  it('prints the help on stderr when no command is named', async () => {
    const ran = await runCli([])
    expect(ran.code).toBe(2)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain('Usage: zk-pseudo')
  })
})

describe('help', () => {
  it('lists every command once and fits 80 columns', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    const commands = 'up ps kill stop start restart pause resume logs events connstr ls down completion help'
    for (const command of commands.split(' ')) {
      expect(stdout.match(new RegExp(`^  ${command}\\b`, 'gm')), command).toHaveLength(1)
    }
    expect(stdout).not.toContain('__')
    for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  })

  it.each([...commands.keys()].filter((name) => !name.startsWith('__')))(
    'of %s fits 80 columns',
    async (name) => {
      const { stdout } = await runCli(['help', name], { env: { COLUMNS: '200' } })
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    },
  )

  it.each(['up', 'kill', 'events', 'completion'])('of %s shows options and examples', async (command) => {
    const { code, stdout } = await runCli(['help', command])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: zk-pseudo ${command}`)
    expect(stdout).toContain('Examples:')
    expect((await runCli([command, '--help'])).stdout).toBe(stdout)
  })

  it('prints the version', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
    for (const words of [['--version'], ['version']]) {
      expect(await runCli(words)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
    }
    expect(JSON.parse((await runCli(['version', '--json'])).stdout)).toMatchObject({
      version: manifest.version,
    })
  })
})
