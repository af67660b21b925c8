/**
 * multiRead: getData and getChildren in one frame, each answered for itself. Watch flags have no effect, and
 * any other operation in the frame makes all of it fail (verified against Apache 3.8.0).
 */
import { ErrorCode, KeeperError } from '../../protocol/errors.ts'
import { OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../../protocol/reader.ts'
import {
  ErrorResponse,
  GetChildrenResponse,
  GetDataResponse,
  MultiHeader,
  WatchableReadRequest,
} from '../../protocol/records/client.ts'
import type { Writer } from '../../protocol/writer.ts'

interface ReadPart {
  readonly type: typeof OpCode.getData | typeof OpCode.getChildren
  readonly path: string
}

type ReadResult =
  | ({ readonly type: typeof OpCode.getData } & Readonly<GetDataResponse>)
  | ({ readonly type: typeof OpCode.getChildren } & Readonly<GetChildrenResponse>)
  | { readonly type: typeof OpCode.error; readonly err: ErrorCode }

/** The two reads, by path, without a watch. @throws KeeperError */
interface Reads {
  readonly getData: (path: string) => GetDataResponse
  readonly getChildren: (path: string) => GetChildrenResponse
}

const END = { type: -1, done: true, err: -1 }

/** @throws DecodeError for what is no list of reads */
export function readMultiRead(reader: Reader): ReadPart[] {
  const parts: ReadPart[] = []
  for (;;) {
    const { type, done } = MultiHeader.read(reader)
    if (done) return parts
    if (type !== OpCode.getData && type !== OpCode.getChildren)
      throw new DecodeError(`an operation of type ${type} in a multiRead`)
    parts.push({ type, path: WatchableReadRequest.read(reader).path })
  }
}

/** One result for each, in order. */
export function executeMultiRead(parts: readonly ReadPart[], reads: Reads): ReadResult[] {
  return parts.map(({ type, path }) => {
    try {
      return type === OpCode.getData ? { type, ...reads.getData(path) } : { type, ...reads.getChildren(path) }
    } catch (error) {
      if (!(error instanceof KeeperError)) throw error
      return { type: OpCode.error, err: error.code }
    }
  })
}

/** MultiResponse.serialize. */
export function writeMultiReadResults(writer: Writer, results: readonly ReadResult[]): void {
  for (const result of results) {
    const { type } = result
    MultiHeader.write(writer, { type, done: false, err: type === OpCode.error ? result.err : ErrorCode.Ok })
    if (result.type === OpCode.error) ErrorResponse.write(writer, result)
    else if (result.type === OpCode.getData) GetDataResponse.write(writer, result)
    else GetChildrenResponse.write(writer, result)
  }
  MultiHeader.write(writer, END)
}
