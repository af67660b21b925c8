/** A multi request: operations that are either all carried out or not at all. */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import type { Type } from '../protocol/jute.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../protocol/reader.ts'
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
} from '../protocol/records/client.ts'
import type { Stat } from '../protocol/records/data.ts'
import type { Writer } from '../protocol/writer.ts'
import { checkVersion } from './checks.ts'
import type { Chroot } from './chroot.ts'
import { type CreateOptions, createOp, type Data, dataBytes } from './operations.ts'

/** The result of one operation: `path` after a create, `stat` after a create or a setData. */
export interface TransactionResult {
  readonly path: string | null
  readonly stat: Stat | null
}

interface Operation {
  readonly type: number
  readonly path: string
  write(writer: Writer): void
}

export class Transaction {
  private readonly operations: Operation[] = []
  private readonly chroot: Chroot
  private readonly send: (transaction: Transaction) => Promise<TransactionResult[]>

  constructor(chroot: Chroot, send: (transaction: Transaction) => Promise<TransactionResult[]>) {
    this.chroot = chroot
    this.send = send
  }

  create(path: string, data: Data = null, options: CreateOptions = {}): this {
    const { type, request } = createOp(this.chroot, path, data, options)
    if ('ttl' in request) return this.add(type, path, CreateTtlRequest, request)
    return this.add(type, path, CreateRequest, request)
  }

  delete(path: string, version = -1): this {
    checkVersion(version)
    return this.add(OpCode.delete, path, DeleteRequest, { path: this.chroot.toServer(path), version })
  }

  setData(path: string, data: Data, version = -1): this {
    checkVersion(version)
    const request = { path: this.chroot.toServer(path), data: dataBytes(data), version }
    return this.add(OpCode.setData, path, SetDataRequest, request)
  }

  /** Makes the whole transaction fail unless the znode has this version. */
  check(path: string, version: number): this {
    checkVersion(version)
    return this.add(OpCode.check, path, CheckVersionRequest, { path: this.chroot.toServer(path), version })
  }

  /**
   * @returns one result for each operation, in order
   * @throws KeeperError of the operation that failed, with its path; no operation was carried out
   */
  commit(): Promise<TransactionResult[]> {
    return this.send(this)
  }

  /** Writes the request's body. */
  write(writer: Writer): void {
    for (const operation of this.operations) {
      MultiHeader.write(writer, { type: operation.type, done: false, err: -1 })
      operation.write(writer)
    }
    MultiHeader.write(writer, { type: -1, done: true, err: -1 })
  }

  /** Reads the reply's body. */
  read(reader: Reader): TransactionResult[] {
    const results: TransactionResult[] = []
    const errors: number[] = []
    for (;;) {
      const { type, done } = MultiHeader.read(reader)
      if (done) break
      if (type === OpCode.error) errors.push(ErrorResponse.read(reader).err)
      else results.push(this.readResult(type, reader))
    }
    if (errors.length > 0) throw this.failure(errors)
    return results
  }

  /** Operations before the one that failed report Ok, those after it RuntimeInconsistency. */
  private failure(errors: readonly number[]): KeeperError {
    const at = errors.findIndex((error) => error !== ErrorCode.Ok && error !== ErrorCode.RuntimeInconsistency)
    const code = (errors[at] ?? ErrorCode.RuntimeInconsistency) as ErrorCode
    return new KeeperError(code, this.operations[at]?.path ?? null)
  }

  private readResult(type: number, reader: Reader): TransactionResult {
    switch (type) {
      case OpCode.create:
        return { path: this.chroot.toClient(CreateResponse.read(reader).path), stat: null }
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTtl: {
        const { path, stat } = Create2Response.read(reader)
        return { path: this.chroot.toClient(path), stat }
      }
      case OpCode.setData:
        return { path: null, stat: SetDataResponse.read(reader).stat }
      case OpCode.delete:
      case OpCode.check:
        return { path: null, stat: null }
      default:
        throw new DecodeError(`a result of the type ${type} in a multi`)
    }
  }

  private add<T>(type: number, path: string, request: Type<T>, value: T): this {
    this.operations.push({ type, path, write: (writer) => request.write(writer, value) })
    return this
  }
}
