/** Reads in one request, answered by one server at one moment (multiRead, since ZooKeeper 3.6). */
import { type ErrorCode, KeeperError } from '../protocol/errors.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { DecodeError, type Reader } from '../protocol/reader.ts'
import {
  ErrorResponse,
  GetChildrenResponse,
  GetDataResponse,
  MultiHeader,
  WatchableReadRequest,
} from '../protocol/records/client.ts'
import type { Writer } from '../protocol/writer.ts'
import type { Chroot } from './chroot.ts'

/** What one read found; a KeeperError in its place does not spoil the others. */
export type ReadResult = GetDataResponse | string[] | KeeperError

type Send = (multiRead: MultiRead<ReadResult[]>) => Promise<ReadResult[]>

/** `R` has the type of each result, in order. */
export class MultiRead<R extends readonly ReadResult[] = []> {
  private readonly reads: { readonly type: number; readonly path: string; readonly serverPath: string }[] = []
  private readonly chroot: Chroot
  private readonly send: Send

  constructor(chroot: Chroot, send: Send) {
    this.chroot = chroot
    this.send = send
  }

  getData(path: string): MultiRead<[...R, GetDataResponse | KeeperError]> {
    return this.add(OpCode.getData, path)
  }

  /** Names without the path, in no order. */
  getChildren(path: string): MultiRead<[...R, string[] | KeeperError]> {
    return this.add(OpCode.getChildren, path)
  }

  /** @returns one result for each read, in order */
  run(): Promise<R> {
    return this.send(this.as<ReadResult[]>()) as Promise<ReadResult[] & R>
  }

  /** The request's body. */
  write(writer: Writer): void {
    for (const { type, serverPath } of this.reads) {
      MultiHeader.write(writer, { type, done: false, err: -1 })
      WatchableReadRequest.write(writer, { path: serverPath, watch: false })
    }
    MultiHeader.write(writer, { type: -1, done: true, err: -1 })
  }

  /** The reply's body. */
  read(reader: Reader): ReadResult[] {
    const results: ReadResult[] = []
    for (;;) {
      const { type, done } = MultiHeader.read(reader)
      if (done) return results
      results.push(this.readResult(type, reader, this.reads[results.length]?.path ?? null))
    }
  }

  private readResult(type: number, reader: Reader, path: string | null): ReadResult {
    switch (type) {
      case OpCode.getData:
        return GetDataResponse.read(reader)
      case OpCode.getChildren:
        return GetChildrenResponse.read(reader).children
      case OpCode.error:
        return new KeeperError(ErrorResponse.read(reader).err as ErrorCode, path)
      default:
        throw new DecodeError(`a result of the type ${type} in a multiRead`)
    }
  }

  private add<S extends readonly ReadResult[]>(type: number, path: string): MultiRead<S> {
    this.reads.push({ type, path, serverPath: this.chroot.toServer(path) })
    return this.as<S>()
  }

  /** The same object: only the types of its results have grown, which no type of `this` can say. */
  private as<S extends readonly ReadResult[]>(): MultiRead<S> {
    return this as unknown as MultiRead<S>
  }
}
