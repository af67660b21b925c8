/** What `down --volumes` removed and what it left, in words. */
import type { Kept } from '../../supervisor/folder/volumes.ts'
import { shortPath } from './localize.ts'

/** More than these are counted, unless every path is asked for. */
const MOST_NAMED = 10

export function removalLines(
  { removed, kept }: { removed: readonly string[]; kept: readonly Kept[] },
  verbose: boolean,
): string[] {
  const paths = verbose ? removed.map((path) => `  removed ${shortPath(path)}`) : []
  const what = removed.length === 1 ? 'file or folder' : 'files and folders'
  const count = removed.length === 0 ? 'nothing to remove' : `removed ${removed.length} ${what}`
  const named = verbose ? kept : kept.slice(0, MOST_NAMED)
  const more = kept.length - named.length
  return [
    ...paths,
    count,
    ...named.map(({ path, reason }) => `kept ${shortPath(path)}: ${reason}`),
    ...(more > 0 ? [`kept ${more} more; all of them: --verbose`] : []),
  ]
}
