/**
 * All keys of zoo.cfg: one row each, and nothing else declares a key. A new key is a row in the table of its
 * topic, and a line where its field of ServerConfig is acted on. docs/settings.md is made from the rows.
 */
import { AUTHENTICATION } from './authentication.ts'
import { CLIENTS } from './clients.ts'
import { ELECTION } from './election.ts'
import { CONTAINERS, NODES } from './nodes.ts'
import { NOT_ACTED } from './notActed.ts'
import type { Fields, Row, Table } from './row.ts'
import { AUTOPURGE, STORAGE } from './storage.ts'
import { THROTTLE } from './throttle.ts'
import { TLS } from './tls.ts'

/** Their fields are fields of ServerConfig itself. */
export const FLAT = { ...CLIENTS, ...ELECTION, ...STORAGE, ...NODES }

/** Each table is one field of ServerConfig. */
export const GROUPS = {
  autopurge: AUTOPURGE,
  containers: CONTAINERS,
  authentication: AUTHENTICATION,
  throttle: THROTTLE,
  secureClientPort: TLS,
}

/** What the rows alone make of a file. */
export type TableFields = Fields<typeof FLAT> & {
  [Group in keyof typeof GROUPS]: Fields<(typeof GROUPS)[Group]>
}

export const ROWS: readonly Row[] = [
  ...[FLAT, ...Object.values(GROUPS)].flatMap((table: Table) => Object.values(table)),
  ...NOT_ACTED,
]
