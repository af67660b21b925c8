#!/usr/bin/env node
/** The entry of `zk-pseudo`: the one place that ends the process. */
import { run } from './program.ts'

const exitCode = await run(process.argv.slice(2))
// A pipe may still hold what was written; a reader that has gone away answers too, with an error.
for (const stream of [process.stdout, process.stderr]) {
  if (stream.writable) await new Promise<void>((written) => stream.write('', () => written()))
}
process.exit(exitCode)
