import { type CommandSpec, type Completion, defineCommand, type OptionSpec } from '../command.ts'
import { wishIn } from '../commandLine.ts'
import { openCluster } from '../openCluster.ts'
import { loadAllCommands, loadCommand } from '../registry.ts'
import { runningClusters } from '../runningClusters.ts'
import { roleSelectors } from '../selectors.ts'

/** A word and what it means; the latter may be empty. */
type Candidate = readonly [string, string]

/** What the scripts of `completion` ask: the words so far, the last one being typed. Never fails. */
export const command = defineCommand<object>({
  name: '__complete',
  summary: 'candidates for the shell',
  hidden: true,
  arguments: [{ name: '[words...]', description: 'the words so far' }],
  examples: [],
  async run(words, _options, output) {
    const current = words.at(-1) ?? ''
    const before = words.slice(0, -1)
    const candidates = await candidatesFor(before, current).catch(() => [])
    for (const [word, meaning] of candidates) {
      if (word.startsWith(':') || word.startsWith(current)) output.print(`${word}\t${meaning}`.trimEnd())
    }
    return undefined
  },
})

async function candidatesFor(before: string[], current: string): Promise<Candidate[]> {
  const [name, ...rest] = before
  if (name === undefined) return commandNames()
  if (name === 'help') return rest.length === 0 ? commandNames() : []
  const spec = await loadCommand(name)
  if (spec === null) return []
  const options = spec.options ?? []
  const wanting = options.find((option) => takesValue(option) && names(option).includes(rest.at(-1) ?? ''))
  const wanted = wanting?.complete ?? (wanting?.choices === undefined ? undefined : [...wanting.choices])
  if (wanting) return wanted === undefined ? [] : offer(wanted, rest, current)
  if (current.startsWith('-')) return flags(options, rest)
  const position = positionals(spec, rest).length
  const last = spec.arguments?.at(-1)
  const argument = spec.arguments?.[position] ?? (last?.name.includes('...') ? last : undefined)
  return argument?.complete === undefined ? [] : offer(argument.complete, rest, current)
}

async function commandNames(): Promise<Candidate[]> {
  const specs = (await loadAllCommands()).filter((spec) => spec.hidden !== true)
  return [
    ...specs.map((spec): Candidate => [spec.name, spec.summary]),
    ['help', 'print the help of a command'],
  ]
}

function names(option: OptionSpec): string[] {
  return option.flags.split(/[ ,]+/).filter((word) => word.startsWith('-'))
}

function takesValue(option: OptionSpec): boolean {
  return option.flags.includes('<')
}

function flags(options: OptionSpec[], used: string[]): Candidate[] {
  return options
    .filter((option) => option.flags.includes('...') || !names(option).some((flag) => used.includes(flag)))
    .map((option): Candidate => [names(option).at(-1) ?? '', option.description])
    .concat([['--help', 'print this help']])
}

function positionals(spec: CommandSpec, words: string[]): string[] {
  const valued = (spec.options ?? []).filter(takesValue).flatMap(names)
  return words.filter((word, i) => !word.startsWith('-') && !valued.includes(words[i - 1] ?? ''))
}

async function offer(kind: Completion, words: string[], current: string): Promise<Candidate[]> {
  if (Array.isArray(kind)) return kind.map((word): Candidate => [word, ''])
  if (kind === 'file') return [[':file', '']]
  if (kind === 'folder') return [[':folder', '']]
  if (kind === 'cluster') return (await runningClusters()).map(({ name, dir }): Candidate => [name, dir])
  const { connection } = await openCluster(wishIn(words))
  const { members } = await connection.cluster()
  const offered = members
    .filter((member) => kind !== 'dead-selector' || member.exit !== null)
    .map(
      (member): Candidate => [
        String(member.id),
        `${member.role ?? member.state}, port ${member.clientPort ?? member.secureClientPort}`,
      ],
    )
  if (kind === 'member') return [...offered, ['leader', '']]
  const roles: Candidate[] =
    kind === 'dead-selector'
      ? [['all', 'every member that is down']]
      : [...roleSelectors.map((role): Candidate => [role, '']), ['all', '']]
  // After `1,` another member is completed, after `follower:` what narrows it.
  const begun = current.slice(0, Math.max(current.lastIndexOf(','), current.lastIndexOf(':')) + 1)
  const used = begun.split(/[,:]/)
  return [...offered, ...roles]
    .filter(([word]) => !used.includes(word))
    .map(([word, meaning]): Candidate => [`${begun}${word}`, meaning])
}
