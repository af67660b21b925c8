/**
 * Reads JAAS login files, which java.security.auth.login.config names: sections of login modules with their
 * options (sun.security.provider.ConfigFile). Finds the users that one section admits by DIGEST-MD5. Pure.
 */
import type { Location } from './problem.ts'

interface LoginModule {
  name: string
  flag: string
  options: Record<string, string>
}

/** Line numbers count from 1. */
export class JaasError extends Error {
  override name = 'JaasError'
  readonly where: Location

  constructor(message: string, where: Location) {
    super(message)
    this.where = where
  }
}

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule'
const FLAGS = ['required', 'requisite', 'sufficient', 'optional']
const USER_PREFIX = 'user_'

/**
 * Passwords by user (SaslServerCallbackHandler).
 * @returns null when the file has no such section
 * @throws JaasError for a text that is no JAAS file, and for modules other than DigestLoginModule
 */
export function jaasUsers(text: string, file: string, section: string): Map<string, string> | null {
  const modules = parseJaas(text, file).get(section)
  if (modules === undefined) return null
  const users = new Map<string, string>()
  for (const { name, options } of modules) {
    if (name !== DIGEST_MODULE) {
      const message = `the section ${section} asks for ${name}; only ${DIGEST_MODULE} works here`
      throw new JaasError(message, { file, line: null })
    }
    for (const [key, value] of Object.entries(options))
      if (key.startsWith(USER_PREFIX)) users.set(key.slice(USER_PREFIX.length), value)
  }
  return users
}

/**
 * Sections by name.
 * @throws JaasError
 */
export function parseJaas(text: string, file: string): Map<string, LoginModule[]> {
  const tokens = new Tokens(text, file)
  const sections = new Map<string, LoginModule[]>()
  while (!tokens.isAtEnd) {
    const name = tokens.word('the name of a section')
    if (sections.has(name)) throw tokens.error(`the section ${name} comes twice`)
    tokens.expect('{')
    const modules: LoginModule[] = []
    while (!tokens.accepts('}')) modules.push(readModule(tokens))
    tokens.expect(';')
    sections.set(name, modules)
  }
  return sections
}

function readModule(tokens: Tokens): LoginModule {
  const name = tokens.word('the class of a login module')
  const flag = tokens.word('a flag').toLowerCase()
  if (!FLAGS.includes(flag)) throw tokens.error(`"${flag}" is no flag; it is one of ${FLAGS.join(', ')}`)
  const options: [string, string][] = []
  while (!tokens.accepts(';')) {
    const key = tokens.word('an option, or ; behind the last one')
    tokens.expect('=')
    options.push([key, tokens.word(`the value of ${key}`)])
  }
  return { name, flag, options: Object.fromEntries(options) }
}

interface Token {
  readonly kind: 'word' | 'sign'
  readonly text: string
  readonly line: number
}

/**
 * The tokens of java.io.StreamTokenizer: three kinds of comments, double quotes with escapes, words and
 * signs.
 */
const TOKEN =
  /(?<blank>\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|"(?<quoted>(?:[^"\\\n]|\\.)*)"|(?<word>[A-Za-z_$*\u0080-\uffff][\w$*.\-\u0080-\uffff]*)|(?<sign>.)/gy

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
}

function unescaped(text: string): string {
  return text.replace(/\\([0-3]?[0-7]{1,2}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  )
}

class Tokens {
  private readonly file: string
  private readonly tokens: Token[]
  private at = 0

  constructor(text: string, file: string) {
    this.file = file
    this.tokens = tokensOf(text)
  }

  get isAtEnd(): boolean {
    return this.at === this.tokens.length
  }

  word(what: string): string {
    const token = this.tokens[this.at]
    if (token?.kind !== 'word') throw this.error(`expected ${what}, found ${found(token)}`)
    this.at += 1
    return token.text
  }

  accepts(sign: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.at += 1
    return true
  }

  expect(sign: string): void {
    if (!this.accepts(sign)) throw this.error(`expected ${sign}, found ${found(this.tokens[this.at])}`)
  }

  error(message: string): JaasError {
    const line = (this.tokens[this.at] ?? this.tokens.at(-1))?.line ?? 1
    return new JaasError(message, { file: this.file, line })
  }
}

function found(token: Token | undefined): string {
  return token === undefined ? 'the end of the file' : `"${token.text}"`
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  for (const match of text.matchAll(TOKEN)) {
    const { quoted, word, sign } = match.groups ?? {}
    if (quoted !== undefined) tokens.push({ kind: 'word', text: unescaped(quoted), line })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, line })
    line += match[0].split('\n').length - 1
  }
  return tokens
}
