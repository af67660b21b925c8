/** The frame of a multi: parts, each behind a MultiHeader, ended by one that says done (MultiOperationRecord). */
import { OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../../protocol/reader.ts'
import {
  CheckVersionRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  ErrorResponse,
  MultiHeader,
  SetDataRequest,
  SetDataResponse,
} from '../../protocol/records/client.ts'
import type { Writer } from '../../protocol/writer.ts'
import type { OpResult } from '../../tree/database.ts'

export type MultiPart =
  | { type: typeof OpCode.create; request: CreateRequest }
  | { type: typeof OpCode.delete; request: DeleteRequest }
  | { type: typeof OpCode.setData; request: SetDataRequest }
  | { type: typeof OpCode.check; request: CheckVersionRequest }

const END = { type: -1, done: true, err: -1 }

/** @throws DecodeError for a part of a kind that has no place in a multi, too. */
export function readMulti(reader: Reader): MultiPart[] {
  const parts: MultiPart[] = []
  for (;;) {
    const { type, done } = MultiHeader.read(reader)
    if (done) return parts
    parts.push(readPart(type, reader))
  }
}

function readPart(type: number, reader: Reader): MultiPart {
  switch (type) {
    case OpCode.create:
    // Asked Apache 3.8.0: within a multi it takes one for the other, and answers with the path alone.
    case OpCode.create2:
      return { type: OpCode.create, request: CreateRequest.read(reader) }
    case OpCode.delete:
      return { type, request: DeleteRequest.read(reader) }
    case OpCode.setData:
      return { type, request: SetDataRequest.read(reader) }
    case OpCode.check:
      return { type, request: CheckVersionRequest.read(reader) }
    default:
      throw new DecodeError(`an operation of type ${type} in a multi`)
  }
}

/** MultiResponse.serialize. */
export function writeMultiResults(writer: Writer, results: readonly OpResult[]): void {
  for (const result of results) {
    const { type, err, path, stat } = result
    MultiHeader.write(writer, { type, done: false, err })
    if (type === OpCode.error) ErrorResponse.write(writer, { err })
    else if (type === OpCode.create) CreateResponse.write(writer, { path: path ?? '' })
    else if (type === OpCode.setData && stat !== null) SetDataResponse.write(writer, { stat })
    else if (type === OpCode.create2 && stat !== null)
      Create2Response.write(writer, { path: path ?? '', stat })
  }
  MultiHeader.write(writer, END)
}
