/** Several reads in one request, which one server answers at one moment (multiRead, since ZooKeeper 3.6). */
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

/** The result of one read. A KeeperError in its place does not affect the other reads. */
export type ReadResult = GetDataResponse | string[] | KeeperError

type Send = (multiRead: MultiRead<ReadResult[]>) => Promise<ReadResult[]>

/** `R` is the list of the results' types, in order. */
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

  /** Reads the children's names, without the path, in no particular order. */
  getChildren(path: string): MultiRead<[...R, string[] | KeeperError]> {
    return this.add(OpCode.getChildren, path)
  }

  /** @returns one result for each read, in order */
  run(): Promise<R> {
    return this.send(this.as<ReadResult[]>()) as Promise<ReadResult[] & R>
  }

  /** Writes the request's body. */
  write(writer: Writer): void {
    for (const { type, serverPath } of this.reads) {
      MultiHeader.write(writer, { type, done: false, err: -1 })
      WatchableReadRequest.write(writer, { path: serverPath, watch: false })
    }
    MultiHeader.write(writer, { type: -1, done: true, err: -1 })
  }

  /** Reads the reply's body. */
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

  /**
   * Returns the same object; only the list of its results' types has grown, which no type of `this` can say.
   */
  private as<S extends readonly ReadResult[]>(): MultiRead<S> {
    return this as unknown as MultiRead<S>
  }
}
