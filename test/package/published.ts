/** The package as npm would publish it, from this checkout as it is. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** `npm pack` lists and packs what lies in dist; nothing is built, for other tests use dist at the same time. */
export function pack(...args: string[]): { filename: string; files: { path: string }[] } {
  const output = execFileSync('npm', ['pack', '--ignore-scripts', '--json', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return JSON.parse(output)[0]
}
