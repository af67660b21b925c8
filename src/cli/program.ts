/**
 * From the words on the command line to a command that runs: builds commander's program out of command files
 * and turns commander's complaints into ours. Nothing here ends the process; `run` answers the exit code.
 */
import { Command, CommanderError, Option } from 'commander'
import type { CommandSpec } from './command.ts'
import { forCluster, wishIn } from './commandLine.ts'
import { describe, errorText, exitCodes, nearest, OperationError, usageError } from './errors.ts'
import type { ClusterWish } from './findCluster.ts'
import { TEXT_WIDTH, wrap } from './format/wrap.ts'
import { choiceOf } from './options.ts'
import { type Output, openOutput } from './output.ts'
import { commands, loadAllCommands, loadCommand } from './registry.ts'
import { readVersion } from './version.ts'

export async function run(words: string[]): Promise<number> {
  const output = openOutput(wantsJson(words))
  let exitCode: number = exitCodes.done
  try {
    refuseUnknownTopic(words)
    const program = await buildProgram(words, output, (code) => {
      exitCode = code
    })
    await program.parseAsync(words, { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCodes.done
    const error = thrown instanceof CommanderError ? fromCommander(thrown, words) : thrown
    return report(error, wishIn(words), output)
  }
  return exitCode
}

/** Known before anything is parsed, so that a parse error can be JSON too. */
function wantsJson(words: string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).includes('--json')
}

async function buildProgram(words: string[], output: Output, done: (code: number) => void): Promise<Command> {
  const program = new Command('zk-pseudo')
    .description('A whole ZooKeeper ensemble on this machine, in one command, without Java.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({
      helpWidth: TEXT_WIDTH,
      subcommandTerm: (command) => `${command.name()} ${argumentsText(command)}`.trimEnd(),
    })
    .configureOutput({ outputError: () => {}, ...(words.length === 0 ? { writeErr: () => {} } : {}) })
    .addHelpText('after', `\n${overview}`)
  const only = await loadCommand(words[0] ?? '')
  for (const spec of only === null ? await loadAllCommands() : [only]) {
    addCommand(program, spec, output, done)
  }
  if (words.length === 0) {
    output.note(program.helpInformation() + overview)
    throw new CommanderError(exitCodes.usage, 'zk-pseudo.noCommand', '')
  }
  return program
}

function addCommand(program: Command, spec: CommandSpec, output: Output, done: (code: number) => void): void {
  const command = program
    .command(spec.name, { hidden: spec.hidden === true })
    .summary(spec.summary)
    .description(spec.description ?? `${spec.summary[0]?.toUpperCase()}${spec.summary.slice(1)}.`)
    .helpOption('-h, --help', 'print this help')
  for (const argument of spec.arguments ?? []) command.argument(argument.name, argument.description)
  for (const { flags, description, parse, choices, default: byDefault } of spec.options ?? []) {
    const option = new Option(flags, description)
    if (parse) option.argParser(parse)
    else if (choices) option.argParser((text) => choiceOf(option.long ?? flags, choices, text))
    if (byDefault !== undefined) {
      // The description names the default in the unit that people type; commander would name ours.
      option.default(byDefault)
      option.defaultValueDescription = ''
    }
    command.addOption(option)
  }
  if (spec.examples.length > 0) command.addHelpText('after', `\n${examplesText(spec.examples)}`)
  command.configureHelp({ optionDescription: (option) => option.description })
  if (spec.hidden) command.allowUnknownOption().helpOption(false)
  command.action(async () => {
    done((await spec.run(command.args, command.opts(), output)) ?? exitCodes.done)
  })
}

function argumentsText(command: Command): string {
  const { registeredArguments } = command
  return registeredArguments
    .map((argument) => {
      const name = argument.name().toUpperCase() + (argument.variadic ? '…' : '')
      return argument.required ? name : `[${name}]`
    })
    .join(' ')
}

/** In two columns where that fits; otherwise an example's explanation follows below it. */
function examplesText(examples: CommandSpec['examples']): string {
  const width = Math.max(...examples.map(([line]) => line.length))
  const longest = Math.max(...examples.map(([, what]) => what.length))
  const isWide = 2 + width + 2 + longest > TEXT_WIDTH
  const lines = examples.flatMap(([line, what]) => {
    if (!isWide) return [`  ${line.padEnd(width)}  ${what}`.trimEnd()]
    return [`  ${line}`, ...(what === '' ? [] : wrap(what, TEXT_WIDTH - 6).map((text) => `      ${text}`))]
  })
  return ['Examples:', ...lines].join('\n')
}

const overview = `A member is named by its id (1), server.1, its client port (2181), or by what
it is now: leader, follower, followers, observer, majority, all, random.
Several unite (1 2 or 1,2); a colon narrows (follower:1).
Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 no running cluster,
4 timed out waiting.`

/** Commander would print the whole help and succeed. */
function refuseUnknownTopic([first, topic]: string[]): void {
  if (first !== 'help' || topic === undefined || topic.startsWith('-') || visibleNames().includes(topic))
    return
  const meant = nearest(topic, visibleNames())
  throw usageError(
    `unknown command "${topic}"`,
    `${meant === null ? '' : `did you mean ${meant}?  `}all of them: zk-pseudo help`,
  )
}

/** Commander's complaints all mean wrong usage. */
function fromCommander(error: CommanderError, words: string[]): OperationError {
  if (error.code === 'zk-pseudo.noCommand' || error.code === 'commander.help') {
    return new OperationError('USAGE', '', null, exitCodes.usage)
  }
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const message = first.replaceAll("'", '"')
  const help = commands.has(words[0] ?? '') ? `zk-pseudo help ${words[0]}` : 'zk-pseudo help'
  let meant = suggestion?.match(/Did you mean (?:one of )?(.*)\?\)/)?.[1] ?? null
  if (error.code === 'commander.unknownCommand') meant = nearest(words[0] ?? '', visibleNames()) ?? meant
  return usageError(message, meant === null ? `usage: ${help}` : `did you mean ${meant}?  usage: ${help}`)
}

function visibleNames(): string[] {
  return [...commands.keys()].filter((name) => !name.startsWith('__')).concat('help')
}

/** Prints an error for people on stderr and, with `--json`, for programs on stdout. */
function report(thrown: unknown, wish: ClusterWish, output: Output): number {
  const described = describe(thrown)
  const { message, hint } = described
  const error = {
    ...described,
    message: forCluster(message, wish),
    hint: hint === null ? null : forCluster(hint, wish),
  }
  if (output.json) output.document({ error })
  if (error.message !== '') {
    output.note(errorText(error.message, error.hint, output.paintNote(['red', 'bold'], 'error:')))
  }
  if (process.env.ZK_PSEUDO_DEBUG && thrown instanceof Error && thrown.stack) output.note(thrown.stack)
  return error.exitCode
}
