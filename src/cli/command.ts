/**
 * What a command file declares: its name, what it is for, its arguments and options, examples, and what it
 * does. Usage, help and shell completion are made of this; only program.ts knows the parser.
 */
import type { Output } from './output.ts'

/** What a shell may offer for a word; `selector` asks the running cluster. */
export type Completion = 'selector' | 'dead-selector' | 'member' | 'cluster' | 'file' | 'folder' | string[]

export interface OptionSpec {
  /** As usage shows it: `-d, --detach`, `--wait-timeout <seconds>`, `--no-wait`. */
  flags: string
  description: string
  /** Turns the text into the value; throws a usage error. `previous` is for options that may be repeated. */
  parse?: (text: string, previous: unknown) => unknown
  /** The words that it takes; anything else is a usage error, and a shell offers them. */
  choices?: readonly string[]
  default?: unknown
  complete?: Completion
}

interface ArgumentSpec {
  /** `<selector...>`, `[member]`. */
  name: string
  description: string
  complete?: Completion
}

export interface CommandSpec {
  name: string
  summary: string
  /** More than the summary, shown by `help COMMAND`. */
  description?: string
  arguments?: ArgumentSpec[]
  options?: OptionSpec[]
  /** A command line and what it does. */
  examples: readonly (readonly [string, string])[]
  hidden?: boolean
  /** Answers the exit code; nothing means 0. */
  run(args: string[], options: Record<string, unknown>, output: Output): Promise<number | undefined>
}

/**
 * Declares a command whose `run` sees its options under their own type `O`. The parser fills them in as
 * `options` declares them; that this agrees with `O` is what the command's tests check.
 */
export function defineCommand<O extends object>(
  spec: Omit<CommandSpec, 'run'> & {
    run(args: string[], options: O, output: Output): Promise<number | undefined>
  },
): CommandSpec {
  return spec as unknown as CommandSpec
}
