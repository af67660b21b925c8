/**
 * The log of an Apache ZooKeeper member. We determine its layout, so that a record can be told from the lines
 * that belong to it (a stack trace), and has a time with its zone. log4j 1 (up to 3.7, and in Debian) and
 * logback (since 3.8) get the same layout. This module has no side effects.
 */

export interface LogRecord {
  /** In ms since 1970. */
  at: number
  level: 'debug' | 'info' | 'warn' | 'error'
  thread: string
  /** The last part of the logger's name, usually the class. */
  logger: string
  message: string
  /** The lines that follow, if any: a stack trace. */
  more: string[]
}

/** Begins every record, and no message. */
const MARK = '>>zk'
const LAYOUT = `${MARK} %d{DATE} %p [%t] %c{1}: %m%n`
const DATE = "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
/**
 * The class that logs sessions, only at the debug level. What else it logs at that level, three lines for
 * each write, is filtered out where log4j can do so.
 */
const SESSIONS = 'org.apache.zookeeper.server.ZooKeeperServer'
const OF_WRITES = ['Permission requested: ', 'ACLs for node: ', 'Client credentials: ']

export const LOG_CONFIGS: readonly { file: string; text: string; option: (path: string) => string }[] = [
  {
    file: 'apache-log4j.properties',
    option: (path) => `-Dlog4j.configuration=file:${encodeURI(path)}`,
    text: [
      'log4j.rootLogger=INFO, CONSOLE',
      `log4j.logger.${SESSIONS}=DEBUG`,
      'log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender',
      'log4j.appender.CONSOLE.layout=org.apache.log4j.PatternLayout',
      `log4j.appender.CONSOLE.layout.ConversionPattern=${LAYOUT.replace('DATE', DATE)}`,
      ...OF_WRITES.flatMap((words, i) => {
        const filter = `log4j.appender.CONSOLE.filter.${i}`
        return [
          `${filter}=org.apache.log4j.varia.StringMatchFilter`,
          `${filter}.StringToMatch=${words}`,
          `${filter}.AcceptOnMatch=false`,
        ]
      }),
      '',
    ].join('\n'),
  },
  {
    file: 'apache-logback.xml',
    option: (path) => `-Dlogback.configurationFile=${path}`,
    text: [
      '<configuration>',
      '  <appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">',
      `    <encoder><pattern>${LAYOUT.replace('DATE', `&quot;${DATE}&quot;`).replace('>>', '&gt;&gt;').replace('%c{1}', '%logger{0}')}</pattern></encoder>`,
      '  </appender>',
      `  <logger name="${SESSIONS}" level="DEBUG"/>`,
      '  <root level="INFO"><appender-ref ref="CONSOLE"/></root>',
      '</configuration>',
      '',
    ].join('\n'),
  },
]

const TRACE = /^\s+at |^\s*\.\.\. |^Caused by: /
const RECORD = /^>>zk (\S+?)([+-]\d\d):?(\d\d) (\w+) +\[(.*?)\] ([\w$]+): (.*)$/

/**
 * Cuts a stream of text into records. Lines before the first record, and lines that belong to no record,
 * become records of their own.
 */
export class LogReader {
  private rest = ''
  private current: LogRecord | null = null
  private lastLevel: LogRecord['level'] = 'warn'
  private readonly onRecord: (record: LogRecord) => void
  private readonly now: () => number

  constructor(onRecord: (record: LogRecord) => void, now: () => number) {
    this.onRecord = onRecord
    this.now = now
  }

  /** Passes on complete records. A record is written in one piece together with its stack trace. */
  push(text: string): void {
    const lines = (this.rest + text).split('\n')
    this.rest = lines.pop() ?? ''
    for (const line of lines) this.line(line.replace(/\r$/, ''))
    if (this.rest === '') this.flush()
  }

  end(): void {
    if (this.rest !== '') this.line(this.rest)
    this.rest = ''
    this.flush()
  }

  private line(line: string): void {
    const record = parseRecord(line)
    if (record !== null) {
      this.flush()
      this.current = record
    } else if (this.current !== null) this.current.more.push(line)
    else if (line.trim() !== '') {
      // The line belongs to a record that was already passed on, or was printed by Java itself.
      const level = TRACE.test(line) ? this.lastLevel : 'warn'
      this.onRecord({ at: this.now(), level, thread: '', logger: 'java', message: line, more: [] })
    }
  }

  private flush(): void {
    const { current } = this
    this.current = null
    if (current === null) return
    this.lastLevel = current.level
    this.onRecord(current)
  }
}

function parseRecord(line: string): LogRecord | null {
  const match = RECORD.exec(line)
  if (match === null) return null
  const [, time = '', hours = '', minutes = '', level = '', thread = '', logger = '', message = ''] = match
  const at = Date.parse(`${time}${hours}:${minutes}`)
  return { at, level: LEVELS[level] ?? 'info', thread, logger, message, more: [] }
}

const LEVELS: Readonly<Record<string, LogRecord['level']>> = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
  FATAL: 'error',
}
