import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { localize } from '../../config/localize/localize.ts'
import { readSources } from '../../config/localize/sources.ts'
import { formatProblem, hasErrors, type Problem, sortProblems } from '../../config/problem.ts'
import { defineCommand } from '../command.ts'
import { exitCodes, OperationError, usageError } from '../errors.ts'
import { localizeDocument, localizeText } from '../format/localize.ts'
import { listText, membersText } from '../format/words.ts'
import { checkFolder, type DataSources, dataSources, writeFolder } from '../localFolder.ts'
import { givenPorts, type PortOptions } from '../localPorts.ts'
import { folderOf, type JsonOptions, jsonOption, wholeNumber } from '../options.ts'

interface LocalizeOptions extends JsonOptions, PortOptions {
  out: string
  force?: boolean
  dryRun?: boolean
  data?: GivenData[]
}

interface GivenData {
  /** Null: for every member. */
  sid: number | null
  dir: string
}

export const command = defineCommand<LocalizeOptions>({
  name: 'localize',
  summary: 'make the zoo.cfg of many hosts into one for this machine',
  description:
    'Makes the config of an ensemble on many hosts into one that runs here: same ids, timings, roles and options; hosts become 127.0.0.1, ports that meet are spread, data goes beside the configs. Takes the zoo.cfg that all hosts share, or the file of each host (with its dynamic config file, myid and java.env beside it, if there are any).',
  arguments: [
    { name: '<file|folder...>', description: 'zoo.cfg files, or folders of them', complete: 'file' },
  ],
  options: [
    {
      flags: '--out <folder>',
      description: 'where the configs and the data go (default zk-local)',
      parse: folderOf('--out'),
      default: 'zk-local',
      complete: 'folder',
    },
    { flags: '--force', description: 'replace configs that an earlier localize wrote there; data stays' },
    {
      flags: '--data <id=folder>',
      description:
        'copy the data of a dataDir into this member, or without an id into all of them; may be repeated, also with a dataLogDir',
      parse: parseData,
      complete: 'folder',
    },
    {
      flags: '--base-port <port>',
      description: 'count all ports up from this one: client ports first, the others right behind them',
      parse: wholeNumber('--base-port', 1, 65_535),
    },
    {
      flags: '--ports <how>',
      description: 'auto: ports that are free now',
      choices: ['auto'],
    },
    { flags: '--dry-run', description: 'print the configs and what would change, write nothing' },
    jsonOption,
  ],
  examples: [
    ['zk-pseudo localize zoo.cfg', 'the config that s1, s2 and s3 share'],
    ['zk-pseudo localize s1/zoo.cfg s2/zoo.cfg s3/zoo.cfg', 'the config of each'],
    ['zk-pseudo localize zoo.cfg --data backup/', 'with data that was fetched from a host'],
    ['zk-pseudo localize zoo.cfg --base-port 12180', 'beside something else on 2181'],
  ],
  async run(paths, { out: folder, force = false, dryRun = false, data = [], ...portOptions }, output) {
    if (portOptions.ports !== undefined && portOptions.basePort !== undefined)
      throw usageError('--base-port and --ports auto exclude one another', 'leave one of them out')
    const { sources, problems: unread } = readSources(paths)
    if (hasErrors(unread)) throw configErrors(unread)
    const out = resolve(folder)
    const nearest = localize(sources, { out, exists: existsSync })
    if (hasErrors(nearest.problems)) throw configErrors(nearest.problems)
    const ports = await givenPorts(portOptions, nearest)
    const localized = ports === null ? nearest : localize(sources, { out, exists: existsSync, ports })
    const { members } = localized
    const ids = members.map(({ sid }) => sid)
    const stranger = data.find(({ sid }) => sid !== null && !ids.includes(sid))
    if (stranger) throw usageError(`--data: there is no member ${stranger.sid}`, `there are ${listText(ids)}`)
    const from = dataSources(data, members)
    checkFolder(out, members, from, force || dryRun)
    const copies = dryRun ? new Map() : await writeFolder(out, members, from)
    const voters = members.filter(({ role }) => role === 'participant').map(({ sid }) => sid)
    const report = { out, dryRun, localized, copies, notes: emptyVoters(voters, from) }
    if (output.json) output.document(localizeDocument(report))
    else output.print(localizeText(report, output))
    return undefined
  },
})

function configErrors(problems: readonly Problem[]): OperationError {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const message = `nothing was written: the configs have ${errors} error${errors === 1 ? '' : 's'}`
  const text = sortProblems(problems).map(formatProblem).join('\n')
  return new OperationError('BAD_CONFIG', message, text, exitCodes.usage)
}

function parseData(text: string, previous: unknown): GivenData[] {
  const match = /^(?:(\d+)=)?(.+)$/s.exec(text)
  const dir = match?.[2]
  if (dir === undefined || !existsSync(dir)) {
    throw usageError(
      `--data takes [id=]folder; there is no folder "${dir ?? text}"`,
      'for example: --data 1=/backup/zookeeper',
    )
  }
  const given = { sid: match?.[1] === undefined ? null : Number(match[1]), dir: resolve(dir) }
  return [...((previous as GivenData[] | undefined) ?? []), given]
}

/** A quorum of members without data may elect one of them, and the others then discard their data. */
function emptyVoters(voters: readonly number[], sources: DataSources): string[] {
  const empty = voters.filter((sid) => !sources.has(sid))
  if (sources.size === 0 || empty.length * 2 <= voters.length) return []
  const names = membersText(empty)
  return [
    `warning: ${names} begin without data, and they are a majority: should they elect one of them first, the data of the others goes; give it to all: --data FOLDER`,
  ]
}
