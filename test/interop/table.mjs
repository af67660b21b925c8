/**
 * Makes docs/interop.md from a full run's results: which scenario passed in which ensemble, on which Apache
 * ZooKeeper. Pure.
 */

/** @param plays in the order of the scenarios; table.d.mts has the types */
export function table(plays, { apache, java, seconds }) {
  const limits = [...new Set(plays.flatMap(({ limit }) => (limit === null ? [] : [limit])))]
  const mark = (play) => {
    if (play === undefined) return ''
    const note = play.limit === null ? '' : ` [${limits.indexOf(play.limit) + 1}]`
    return `${play.passed ? 'yes' : '**no**'}${note}`
  }
  const section = (title, arrangements) => {
    const rows = rowsOf(plays, arrangements)
    if (rows.length === 0) return []
    const cells = rows.map(({ title, byArrangement }) => [
      title,
      ...arrangements.map((arrangement) => mark(byArrangement.get(arrangement))),
    ])
    return [`## ${title}`, '', ...markdown([['scenario', ...arrangements], ...cells]), '']
  }
  const all = [...new Set(plays.map(({ arrangement }) => arrangement))].sort(byShape)
  const threes = all.filter((one) => one.length === 3)
  const larger = all.filter((one) => one.length > 3 && !/[az]/.test(one))
  const observed = all.filter((one) => /[az]/.test(one))
  const failed = plays.filter(({ passed }) => !passed).length
  return [
    '# Apache ZooKeeper and zk-pseudo in one ensemble',
    '',
    'What mixed ensembles were put through. `npm run interop` plays all of it and writes this page (`npm run interop --',
    '--table NAME` plays one scenario again); do not edit it.',
    '',
    `Apache ZooKeeper ${apache} on Java ${java}. ${plays.length} plays of ${new Set(plays.map(({ name }) => name)).size} scenarios,`,
    `${failed === 0 ? 'all passed' : `**${failed} failed**`}, in ${Math.round(seconds / 60)} minutes.`,
    '',
    'A column is an ensemble, a letter a member in the order of the ids from 0: `A` is Apache ZooKeeper, `Z` is zk-pseudo,',
    'a small letter is an observer. Each play starts from empty members. At its end all members, restarted where they were',
    "down, must show the same tree (data, ACLs and every field of every znode's Stat), none may have crashed by itself,",
    'and their logs may say nothing that the faults of the play do not explain. A blank was not played.',
    '',
    ...section('Three voters', threes),
    ...section('Five voters', larger),
    ...section('With observers', observed),
    ...(limits.length === 0
      ? []
      : ["## Apache's own limits", '', ...limits.map((limit, i) => `${i + 1}. ${limit}`), '']),
  ].join('\n')
}

function rowsOf(plays, arrangements) {
  const rows = new Map()
  for (const play of plays) {
    if (!arrangements.includes(play.arrangement)) continue
    const row = rows.get(play.name) ?? { title: play.title, byArrangement: new Map() }
    row.byArrangement.set(play.arrangement, play)
    rows.set(play.name, row)
  }
  return [...rows.values()]
}

/** Fewer members first, then fewer of Apache's, then alphabetically. */
function byShape(a, b) {
  const apaches = (word) => word.replace(/z/gi, '').length
  return a.length - b.length || apaches(a) - apaches(b) || (a < b ? -1 : 1)
}

function markdown(rows) {
  const [head] = rows
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(head), rule, ...rows.slice(1).map(line)]
}
