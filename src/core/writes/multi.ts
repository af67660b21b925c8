/**
 * The frame of a multi: parts, each after a MultiHeader, ended by a header that is marked done
 * (MultiOperationRecord).
 */
import { CreateFlag, OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../../protocol/reader.ts'
import {
  CheckVersionRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  CreateTtlRequest,
  DeleteRequest,
  ErrorResponse,
  MultiHeader,
  SetDataRequest,
  SetDataResponse,
} from '../../protocol/records/client.ts'
import type { Writer } from '../../protocol/writer.ts'
import type { OpResult } from '../../tree/database.ts'

export type MultiPart =
  | { type: typeof OpCode.create | typeof OpCode.createContainer; request: CreateRequest }
  | { type: typeof OpCode.createTtl; request: CreateTtlRequest }
  /**
   * A part with the flags of a TTL node and no TTL: it makes the whole multi fail, unless a part before it
   * has failed.
   */
  | { type: typeof WITHOUT_TTL; request: CreateRequest }
  | { type: typeof OpCode.delete; request: DeleteRequest }
  | { type: typeof OpCode.setData; request: SetDataRequest }
  | { type: typeof OpCode.check; request: CheckVersionRequest }

export const WITHOUT_TTL = 'createTtl without a TTL'

const END = { type: -1, done: true, err: -1 }

/** @throws DecodeError also for a part of a type that no multi may contain. */
export function readMulti(reader: Reader): MultiPart[] {
  const parts: MultiPart[] = []
  for (;;) {
    const { type, done } = MultiHeader.read(reader)
    if (done) return parts
    requirePath(reader)
    parts.push(readPart(type, reader))
  }
}

/** Every part begins with its path. Apache never answers a multi with a null path, except standalone. */
function requirePath(reader: Reader): void {
  if (reader.remaining >= 4 && reader.bytes.readInt32BE(reader.position) === -1)
    throw new DecodeError('a part of a multi without a path')
}

function readPart(type: number, reader: Reader): MultiPart {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return createPart(CreateRequest.read(reader))
    case OpCode.createTtl: {
      const request = CreateTtlRequest.read(reader)
      return isTtlFlag(request.flags) ? { type, request } : createPart(request)
    }
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

/**
 * Verified against Apache 3.8.0: within a multi the flags, and not the type, decide what is created, and a
 * needless TTL is ignored.
 */
function createPart(request: CreateRequest): MultiPart {
  if (isTtlFlag(request.flags)) return { type: WITHOUT_TTL, request }
  const isContainer = request.flags === CreateFlag.container
  return { type: isContainer ? OpCode.createContainer : OpCode.create, request }
}

function isTtlFlag(flags: number): boolean {
  return flags === CreateFlag.ttl || flags === CreateFlag.sequentialTtl
}

/** MultiResponse.serialize. A creation that is answered with a stat is called create2, whatever its type. */
export function writeMultiResults(writer: Writer, results: readonly OpResult[]): void {
  for (const { type, err, path, stat } of results) {
    const isStated = type === OpCode.create2 || type === OpCode.createContainer || type === OpCode.createTtl
    MultiHeader.write(writer, { type: isStated ? OpCode.create2 : type, done: false, err })
    if (type === OpCode.error) ErrorResponse.write(writer, { err })
    else if (type === OpCode.create) CreateResponse.write(writer, { path: path ?? '' })
    else if (type === OpCode.setData && stat !== null) SetDataResponse.write(writer, { stat })
    else if (isStated && stat !== null) Create2Response.write(writer, { path: path ?? '', stat })
  }
  MultiHeader.write(writer, END)
}
