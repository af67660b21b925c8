/** What a row of the tables of keys says: the name of a key, how it is read, and what it does. */

export type Role = 'participant' | 'observer'

/** How the text of a value is read, and what it is worth. */
interface Values {
  int: number
  long: number
  port: number
  ratio: number
  /** Hours; from a plain number, or from a number with ms, s, m, h or d. */
  interval: number
  /** `true` or `false` in any case; any other text is refused. */
  boolean: boolean
  /** These four are switches: each knows one word, and every other word means the opposite. */
  onlyTrue: boolean
  onlyYes: boolean
  unlessNo: boolean
  unlessFalse: boolean
  role: Role
  /** A list separated by commas. */
  words: string[]
  path: string
  /** A name or an address; the brackets that an IPv6 address may stand in are removed. */
  host: string
  text: string
  /** All keys with one prefix and an ending of the user's choosing; the values are texts, by key. */
  family: Record<string, string>
}

export type Kind = keyof Values
export type Value = Values[Kind]

/**
 * Where Apache reads the key:
 * - `file`: QuorumPeerConfig.parseProperties; a bad value stops the start.
 * - `property`: parseProperties does not know the key and makes it the system property `zookeeper.<key>`; for
 *   a bad value the default is used.
 * - `jvm`: a system property without that prefix, so in the file the key has no effect at all.
 */
export type Source = 'file' | 'property' | 'jvm'

export interface Row {
  readonly source: Source
  /** As it is written in zoo.cfg; `prefix.*` for a family. */
  readonly key: string
  readonly kind: Kind
  /** As it would be written; '' where there is none, or where it follows from other keys. */
  readonly default: string
  readonly unit?: string
  /** A smaller value is as bad as an unreadable one, except the default (−1 for "as the system does"). */
  readonly min?: number
  /** A smaller value is raised to this with a warning, as Apache raises it with a line in its log. */
  readonly raisedTo?: number
  /** What the key does, as a sentence for docs/settings.md; '' for keys that are not acted on. */
  readonly does: string
  /** Where this differs from Apache. */
  readonly differs?: string
  /**
   * Why the key has no field in ServerConfig; absent where it has one.
   * - `tuning`: it tunes machinery (threads, pools, the JVM) that has no counterpart here.
   * - `later`: it changes what a server does, and this version does not do it.
   */
  readonly notActed?: 'tuning' | 'later'
  /** For `later` keys: the value that this version behaves as, where that is not the default. */
  readonly behavesAs?: string
}

/** Rows by the field of ServerConfig that holds the value of the key. */
export type Table = Readonly<Record<string, Row>>

/** The values of a table by field. Null stands for a key that is missing (or empty) and has no default. */
export type Fields<T extends Table> = { -readonly [Name in keyof T]: ValueOf<T[Name]> }

type ValueOf<R extends Row> = Values[R['kind']] | (R extends Nullable ? null : never)
type Nullable = { readonly default: ''; readonly kind: Exclude<Kind, 'words' | 'family'> }

/** The `differs` of rows whose value nothing in this version reads. */
export const NOT_YET = 'here read and checked, but without effect yet'
