/**
 * Finds the members' entry files. They are beside this code in dist, or in dist when this code runs from
 * source.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @throws when the project has not been built */
export function entryFile(name: 'threadMember' | 'processMember'): string {
  const candidates = [
    `../host/${name}.js`,
    `./host/${name}.js`,
    `../dist/host/${name}.js`,
    `../../dist/host/${name}.js`,
  ]
  for (const candidate of candidates) {
    const path = fileURLToPath(new URL(candidate, import.meta.url))
    if (existsSync(path)) return path
  }
  throw new Error(`dist/host/${name}.js is not there: run npm run build`)
}
