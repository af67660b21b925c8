/**
 * The output of a command: the answer goes to stdout, everything else to stderr. With `--json` stdout carries
 * one JSON document (or, for streams, one document a line) and nothing else. A reader that closes the pipe
 * (`events -f | head`) ends nothing by itself: writes are dropped from then on, and `closed` is aborted. A
 * failing write shows it, and where nothing is written, the state of the pipe.
 */
import { styleText } from 'node:util'
import { TEXT_WIDTH, wrapText } from './format/wrap.ts'
import { watchPipeReader } from './pipeReader.ts'

export type Style = Parameters<typeof styleText>[0]
export type Paint = (style: Style, text: string) => string

export interface Output {
  readonly json: boolean
  /** Aborted once nobody reads stdout any more. */
  readonly closed: AbortSignal
  /** Columns that text may fill; 80 unless a terminal says otherwise. */
  readonly columns: number
  /** Columns that a table may fill: those of the terminal; unlimited where a program reads. */
  readonly tableColumns: number
  /** Whether stderr is a terminal, so that a progress line makes sense. */
  readonly interactive: boolean
  readonly paint: Paint
  /** Colours for stderr, which may be a terminal when stdout is not. */
  readonly paintNote: Paint
  /** Writes lines of the answer unchanged. */
  print(text: string): void
  /** Writes sentences of the answer, wrapped, and tables. */
  tell(text: string): void
  /** The answer as one JSON document. */
  document(value: unknown): void
  /** Writes sentences for the user that are not part of the answer. */
  note(text: string): void
  /** Writes to stderr as it is: control sequences, no newline added. */
  raw(text: string): void
}

/** The least width that output is wrapped to. */
const LEAST_WIDTH = 40

export function openOutput(json: boolean): Output {
  const closed = new AbortController()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      if (stream === process.stdout) closed.abort()
    })
  }
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    if (stream.writable) stream.write(text)
  }
  watchPipeReader(process.stdout.fd, () => write(process.stdout, '\n'))
  const columns = Math.max(process.stdout.columns ?? TEXT_WIDTH, LEAST_WIDTH)
  const noteColumns = Math.max(Math.min(process.stderr.columns ?? TEXT_WIDTH, TEXT_WIDTH), LEAST_WIDTH)
  return {
    json,
    closed: closed.signal,
    columns,
    tableColumns: Math.max(process.stdout.columns ?? Number.POSITIVE_INFINITY, LEAST_WIDTH),
    interactive: process.stderr.isTTY === true && process.env.TERM !== 'dumb',
    paint: painter(process.stdout),
    paintNote: painter(process.stderr),
    print: (text) => write(process.stdout, `${text}\n`),
    tell: (text) => write(process.stdout, `${wrapText(text, columns)}\n`),
    document: (value) => write(process.stdout, `${JSON.stringify(value)}\n`),
    note: (text) => write(process.stderr, `${wrapText(text, noteColumns)}\n`),
    raw: (text) => write(process.stderr, text),
  }
}

function painter(stream: NodeJS.WriteStream): Paint {
  if (!wantsColour(stream)) return (_style, text) => text
  return (style, text) => styleText(style, text, { validateStream: false })
}

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; else colours are for terminals. */
export function wantsColour(stream: { isTTY?: boolean }): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = process.env
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (no !== undefined && no !== '') return false
  return stream.isTTY === true && term !== 'dumb'
}

const memberStyles: Style[] = ['cyan', 'yellow', 'magenta', 'green', 'blue', 'red']

/** A member keeps its colour whatever prints it. Ids of one ensemble often differ by one, so they spread. */
export function memberStyle(id: number): Style {
  return memberStyles[id % memberStyles.length] ?? 'cyan'
}
