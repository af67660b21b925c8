/** The part of npm's node-zookeeper-client that the tests use; the package has no types of its own. */
declare module 'node-zookeeper-client' {
  type Done<T> = (error: Error | null, result: T, stat: Stat) => void

  export interface Stat {
    czxid: Buffer
    version: number
  }
  export interface Event {
    name: string
    path: string
  }
  export interface Transaction {
    create(path: string, data?: Buffer): Transaction
    check(path: string, version?: number): Transaction
    setData(path: string, data: Buffer, version?: number): Transaction
    remove(path: string, version?: number): Transaction
    commit(done: (error: Error | null, results: unknown[]) => void): void
  }
  export interface Client {
    connect(): void
    close(): void
    once(name: 'connected' | 'disconnected' | 'expired', listener: () => void): this
    getSessionId(): Buffer
    create(path: string, data: Buffer, mode: number, done: Done<string>): void
    setData(path: string, data: Buffer, version: number, done: Done<Stat>): void
    getData(path: string, watcher: ((event: Event) => void) | undefined, done: Done<Buffer>): void
    getChildren(path: string, done: Done<string[]>): void
    exists(path: string, done: (error: Error | null, stat: Stat | null) => void): void
    mkdirp(path: string, done: (error: Error | null, path: string) => void): void
    transaction(): Transaction
  }
  const zookeeper: {
    createClient(
      connectString: string,
      options?: { sessionTimeout?: number; spinDelay?: number; retries?: number },
    ): Client
    CreateMode: Record<'PERSISTENT' | 'PERSISTENT_SEQUENTIAL' | 'EPHEMERAL' | 'EPHEMERAL_SEQUENTIAL', number>
  }
  export default zookeeper
}
