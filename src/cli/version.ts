/**
 * The version of this package, from the package.json above this file, however the bundler laid the files out.
 */
import { readFileSync } from 'node:fs'

export function readVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'))
      const { name, version } = parsed as { name?: unknown; version?: unknown }
      if (name === 'zk-pseudo' && typeof version === 'string') return version
    } catch {
      // No package.json here; one folder up.
    }
    if (folder.pathname === '/' || new URL('..', folder).href === folder.href) return 'unknown'
  }
}
