/** docs/settings.md is made from the tables of keys. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AUTHENTICATION } from '../../src/config/settings/authentication.ts'
import { CLIENTS } from '../../src/config/settings/clients.ts'
import { ELECTION } from '../../src/config/settings/election.ts'
import { CONTAINERS, NODES } from '../../src/config/settings/nodes.ts'
import { NOT_ACTED } from '../../src/config/settings/notActed.ts'
import type { Row } from '../../src/config/settings/row.ts'
import { AUTOPURGE, STORAGE } from '../../src/config/settings/storage.ts'
import { ROWS } from '../../src/config/settings/table.ts'
import { THROTTLE } from '../../src/config/settings/throttle.ts'
import { TLS } from '../../src/config/settings/tls.ts'

const FILE = join(import.meta.dirname, '../../docs/settings.md')
const COMMAND = 'WRITE_DOCS=1 npx vitest run test/config/settingsDoc.test.ts'

const ACTED: readonly [title: string, ...tables: Readonly<Record<string, Row>>[]][] = [
  ['Time, the ensemble and its elections', ELECTION],
  ['Clients and sessions', CLIENTS],
  ['Storage', STORAGE, AUTOPURGE],
  ['Nodes', NODES, CONTAINERS],
  ['Authentication', AUTHENTICATION],
  ['Throttling', THROTTLE],
  ['TLS for clients', TLS],
]

const HEAD = `# The keys of zoo.cfg

Made from the tables in \`src/config/settings/\` by \`${COMMAND}\`.

The last column has Apache ZooKeeper's name for a key where that is not its name in zoo.cfg: the system property that
Apache makes of the line, and that may be given as a JVM option (\`-D…\`) instead. Where it says *only*, Apache takes the
JVM option alone; this program takes the key in zoo.cfg, and warns that Apache does not.

Text that cannot be read is an error for a key that Apache reads by the name in zoo.cfg. For a system property the
default is used, with a warning. A \`*\` in a key stands for any text. The server list has lines of its own:
\`server.N\`, \`group.N\` and \`weight.N\`.`

function settingsDoc(): string {
  const acted = ACTED.flatMap(([title, ...tables]) => [
    `## ${title}`,
    table(
      ['key', 'unit', 'default', 'what it does', "Apache's name, and what differs"],
      tables.flatMap((rows) => Object.values(rows).map(actedCells)),
    ),
  ])
  const later = NOT_ACTED.filter(({ notActed }) => notActed === 'later')
  const tuning = NOT_ACTED.filter(({ notActed }) => notActed === 'tuning')
  return `${[
    HEAD,
    ...acted,
    '## Known, but not acted on yet',
    'The server works as with the value of the last column, and another one is warned about.',
    table(
      ['key', 'unit', 'default', 'works as with'],
      later.map((row) => [...commonCells(row), row.behavesAs ? code(row.behavesAs) : '']),
    ),
    '## Known, and without a counterpart here',
    'They tune threads, pools, caches and the JVM of Apache ZooKeeper. They are accepted and change nothing.',
    table(['key', 'unit', 'default'], tuning.map(commonCells)),
  ].join('\n\n')}\n`
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function commonCells({ key, unit, default: usual }: Row): string[] {
  return [code(key), unit ?? '', usual === '' ? '' : code(usual)]
}

function actedCells(row: Row): string[] {
  const { source, key, min, raisedTo, does, differs } = row
  const least = raisedTo ?? (min !== undefined && min > 0 ? min : null)
  const names = { file: '', property: code(`zookeeper.${key}`), jvm: `${code(key)} only` }
  const apache = [names[source], differs ?? ''].filter((text) => text !== '').join('; ')
  return [...commonCells(row), least === null ? does : `${does} At least ${least}.`, apache]
}

function code(text: string): string {
  return `\`${text}\``
}

describe('docs/settings.md', () => {
  it('is what the tables say', () => {
    const text = settingsDoc()
    if (process.env.WRITE_DOCS) writeFileSync(FILE, text)
    expect(readFileSync(FILE, 'utf8'), `docs/settings.md is out of date: ${COMMAND}`).toBe(text)
  })

  it('has every key once, each with a sentence of what it does', () => {
    const acted = ACTED.flatMap(([, ...tables]) => tables.flatMap((rows) => Object.values(rows)))
    expect(new Set([...acted, ...NOT_ACTED])).toEqual(new Set(ROWS))
    expect(acted.length + NOT_ACTED.length).toBe(ROWS.length)
    for (const { key, does } of acted) expect(does, key).toMatch(/^[A-Z`].*\.$/)
  })
})
