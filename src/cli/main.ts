#!/usr/bin/env node
/** The entry of `zk-pseudo`: the one place that ends the process. */
import { describe } from './errors.ts'

// Whatever comes up outside of a command, a file of ours that cannot be opened for instance, is told as a sentence, too.
process.on('uncaughtException', fail)

// Loaded so that its failure is caught.
const { run } = await import('./program.ts').catch(fail)
const exitCode = await run(process.argv.slice(2))
// A pipe may still hold what was written; a reader that has gone away answers too, with an error.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writable) await new Promise<void>((written) => stream.write('', () => written()))
}
process.exit(exitCode)

function fail(thrown: unknown): never {
  const { message, hint, exitCode } = describe(thrown)
  const stack = process.env.ZK_PSEUDO_DEBUG && thrown instanceof Error ? `\n${thrown.stack}` : ''
  process.stderr.write(`error: ${message}${hint === null ? '' : `\n  ${hint}`}${stack}\n`)
  process.exit(exitCode)
}
