/** The package as npm would publish it from the current state of this checkout. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Runs `npm pack`, which lists and packs what is in dist. Nothing is built, because other tests use dist at
 * the same time.
 */
export function pack(...args: string[]): { filename: string; files: { path: string }[] } {
  const output = execFileSync('npm', ['pack', '--ignore-scripts', '--json', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return JSON.parse(output)[0]
}
