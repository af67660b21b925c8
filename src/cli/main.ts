#!/usr/bin/env node
/**
 * The entry of `zk-pseudo`: the one place that ends the process. It imports nothing before it can say what
 * went wrong: a process that may open few files fails at any of its imports.
 */

// Whatever comes up outside of a command, for instance a file of ours that cannot be opened, is reported as a
// sentence as well.
process.on('uncaughtException', fail)

const { run } = await import('./program.ts').catch(fail)
const exitCode = await run(process.argv.slice(2))
// A pipe may still hold what was written; a reader that has gone away answers too, with an error.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writable) await new Promise<void>((written) => stream.write('', () => written()))
}
process.exit(exitCode)

async function fail(thrown: unknown): Promise<never> {
  const { text, exitCode } = await explained(thrown)
  const stack = process.env.ZK_PSEUDO_DEBUG && thrown instanceof Error ? `\n${thrown.stack}` : ''
  process.stderr.write(`${text}${stack}\n`)
  process.exit(exitCode)
}

async function explained(thrown: unknown): Promise<{ text: string; exitCode: number }> {
  try {
    const { describe, errorText } = await import('./errors.ts')
    const { message, hint, exitCode } = describe(thrown)
    return { text: errorText(message, hint), exitCode }
  } catch (unloadable) {
    // Not even what explains it can be loaded: the system's own words, and the likely cause.
    const hint = 'raise the limit of open files (ulimit -n 4096), or install zk-pseudo again'
    return { text: `error: zk-pseudo cannot be loaded\n  ${unloadable}\n  ${hint}`, exitCode: 1 }
  }
}
