/** How a client's watches are set, notified and removed. */
import { ErrorCode, KeeperError } from '../protocol/errors.ts'
import { OpCode } from '../protocol/opcodes.ts'
import { AddWatchRequest, RemoveWatchesRequest, type WatcherEvent } from '../protocol/records/client.ts'
import type { Writer } from '../protocol/writer.ts'
import { checkWatcher, checkWord } from './checks.ts'
import type { Requests } from './requests.ts'
import type { Session } from './session.ts'
import {
  SELECTIONS,
  selectionType,
  WATCH_MODES,
  type Watcher,
  type WatchMode,
  type WatchSelection,
} from './watches.ts'
import { WatchStream } from './watchStream.ts'

export class WatchRequests {
  private readonly requests: Requests
  private readonly session: Session

  constructor(requests: Requests, session: Session) {
    this.requests = requests
    this.session = session
    session.on('watch', (event) => this.fire(event))
  }

  async add(path: string, mode: WatchMode, watcher: Watcher): Promise<void> {
    checkWord('mode', WATCH_MODES, mode)
    checkWatcher(watcher)
    const serverPath = this.requests.chroot.toServer(path)
    const answered = (err: number) => {
      if (err === ErrorCode.Ok) this.session.watches.add(mode, serverPath, watcher)
    }
    const request = { path: serverPath, mode: WATCH_MODES[mode] }
    const write = (writer: Writer) => AddWatchRequest.write(writer, request)
    return this.requests.send(OpCode.addWatch, path, write, () => {}, answered)
  }

  stream(path: string, mode: WatchMode): WatchStream {
    return new WatchStream({
      arm: (watcher) => this.add(path, mode, watcher),
      disarm: (watcher) =>
        this.remove(path, 'any', watcher).catch((error: unknown) => {
          // A KeeperError means that the watch is already gone, with its connection or its session.
          if (!(error instanceof KeeperError)) throw error
        }),
      onEnd: (listener) => {
        const look = () => {
          if (this.session.isEnded) listener()
        }
        this.session.on('state', look)
        return () => this.session.off('state', look)
      },
    })
  }

  async remove(path: string, selection: WatchSelection, watcher?: Watcher): Promise<void> {
    checkWord('selection', SELECTIONS, selection)
    if (watcher !== undefined) checkWatcher(watcher)
    const serverPath = this.requests.chroot.toServer(path)
    const { watches } = this.session
    const isShared = watcher !== undefined && watches.isShared(serverPath, selection, watcher)
    await this.ask(isShared ? OpCode.checkWatches : OpCode.removeWatches, path, selection)
    for (const removed of watches.remove(serverPath, selection, watcher))
      queueMicrotask(() => removed({ type: 'removed', path }))
  }

  async check(path: string, selection: WatchSelection): Promise<boolean> {
    checkWord('selection', SELECTIONS, selection)
    try {
      await this.ask(OpCode.checkWatches, path, selection)
      return true
    } catch (error) {
      if (error instanceof KeeperError && error.code === ErrorCode.NoWatcher) return false
      throw error
    }
  }

  private ask(type: OpCode, path: string, selection: WatchSelection): Promise<void> {
    const request = { path: this.requests.chroot.toServer(path), type: selectionType(selection) }
    return this.requests.ask(type, path, RemoveWatchesRequest, request, null)
  }

  /**
   * Watchers run in microtasks of their own, so that their errors do not look like faults of the connection.
   */
  private fire(event: WatcherEvent): void {
    const fired = this.session.watches.fire(event.type, event.path)
    if (fired === null) return
    const { type, watchers } = fired
    const path = this.requests.chroot.toClient(event.path)
    for (const watcher of watchers) queueMicrotask(() => watcher({ type, path }))
  }
}
