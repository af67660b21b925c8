/**
 * What a folder holds, to the byte and to the millisecond, for tests that assert that nothing was touched.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** By relative path: every file with its size, mode, time of last change and hash; folders by name. */
export function fingerprintOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    const { mode, size, mtimeMs } = statSync(path)
    found[name] = statSync(path).isDirectory()
      ? 'folder'
      : `${size} ${mode.toString(8)} ${mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
  }
  return found
}
