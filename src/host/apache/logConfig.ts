/**
 * The log of an Apache ZooKeeper member: its layout is ours, so that records can be told from the lines that
 * belong to them (stack traces), and one process's log from another's clock. log4j 1 (up to 3.7 and in
 * Debian) and logback (since 3.8) are told the same. Pure.
 */

export interface LogRecord {
  /** ms since 1970. */
  at: number
  level: 'debug' | 'info' | 'warn' | 'error'
  thread: string
  /** The logger's last name: the class, mostly. */
  logger: string
  message: string
  /** The lines below, if any: a stack trace. */
  more: string[]
}

/** No message begins so. */
const MARK = '>>zk'
const LAYOUT = `${MARK} %d{DATE} %p [%t] %c{1}: %m%n`
const DATE = "yyyy-MM-dd'T'HH:mm:ss.SSSZ"
/**
 * Sessions are told at the debug level only. What else this class says there, three lines a write, is
 * filtered where log4j can.
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
 * Cuts a stream of text into records; what stands before the first one, and lines without a record, become
 * records of their own.
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

  /** What is whole goes out: a record is written in one piece, with the stack trace under it. */
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
      // What belongs to a record that is out already, or what Java itself says.
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
