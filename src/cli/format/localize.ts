/** What `localize` did, for people and for programs. */
import { relative } from 'node:path'
import { type Change, formatChange } from '../../config/change.ts'
import type { Localized, LocalMember } from '../../config/localize/localize.ts'
import { formatProblem } from '../../config/problem.ts'
import type { DataCopy } from '../../storage/dataCopy.ts'
import type { Output } from '../output.ts'
import { countText, listText } from './words.ts'
import { wrap } from './wrap.ts'

interface LocalizeReport {
  out: string
  dryRun: boolean
  localized: Localized
  copies: ReadonlyMap<number, DataCopy>
  /** Further notes for the user. */
  notes: string[]
}

export function localizeDocument({ out, dryRun, localized, copies, notes }: LocalizeReport): object {
  const members = localized.members.map(({ sid, role, from, file, text, dataDir, dataLogDir, ports }) => {
    const data = copies.get(sid)
    return {
      id: sid,
      role,
      from,
      file,
      dataDir,
      dataLogDir,
      clientPort: ports.clientPort ?? null,
      secureClientPort: ports.secureClientPort ?? null,
      quorumPort: ports['quorum port'] ?? null,
      electionPort: ports['election port'] ?? null,
      ...(data === undefined ? {} : { data }),
      ...(dryRun ? { text } : {}),
    }
  })
  return {
    out,
    dryRun,
    members,
    changes: localized.changes,
    notes: [...localized.problems.map(formatProblem), ...notes],
  }
}

export function localizeText(
  report: LocalizeReport,
  { paint, columns }: Pick<Output, 'paint' | 'columns'>,
): string {
  const { out, dryRun, localized, copies, notes } = report
  const { members, changes, problems } = localized
  const folder = shortPath(out)
  const lines = [
    paint('bold', `${countText(members.length, 'member')} of ${sourcesText(members)}, for this machine`),
    '',
    ...changes.map((change) => formatChange(relativePaths(change, out, folder))),
    ...[...copies].map(
      ([sid, { zxid, znodes }]) => `data of member ${sid}: up to ${zxid}, ${countText(znodes, 'znode')}`,
    ),
    ...notes,
    ...problems.map(formatProblem),
    '',
  ].flatMap((text) => wrap(text, columns))
  if (dryRun)
    return `${lines.join('\n')}\n${members.map(({ file, text }) => `# ${file}\n${text}`).join('\n')}`
  const files = listText(members.map(({ sid }) => `zoo-${sid}.cfg`))
  return [...lines, `wrote ${files} into ${folder}`, `next: zk-pseudo up ${folder}`].join('\n')
}

function sourcesText(members: readonly LocalMember[]): string {
  return listText([...new Set(members.map(({ from }) => from))])
}

/** The path as a user in the current folder would write it. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' ? '.' : short.startsWith('..') ? path : short
}

function relativePaths(change: Change, out: string, folder: string): Change {
  return { ...change, to: change.to?.replaceAll(out, folder) ?? null }
}
