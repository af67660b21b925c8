/**
 * What an Apache ZooKeeper member must not share, but does not claim itself, or not in time: its ports, which
 * are found to be free before a JVM is started, and its data dirs, which are locked as our members lock
 * theirs.
 */
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { ownServer, type ServerConfig } from '../../config/serverConfig.ts'
import { nodeFileSystem } from '../../storage/fileSystem.ts'
import { type DirectoryLock, lockDirectory } from '../../storage/lock.ts'
import { OpenError } from '../remoteMember.ts'

/** @throws StorageError `locked`, which names the owner */
export function lockDataDirs({ dataDir, dataLogDir, datadirAutocreate }: ServerConfig): DirectoryLock[] {
  const locks: DirectoryLock[] = []
  try {
    for (const dir of new Set([resolve(dataDir), resolve(dataLogDir)])) {
      if (datadirAutocreate) mkdirSync(dir, { recursive: true })
      locks.push(lockDirectory(nodeFileSystem, dir))
    }
    return locks
  } catch (error) {
    for (const lock of locks) lock.release()
    throw error
  }
}

/** The ports on which this member will listen. It listens on the quorum port only while it leads. */
export function portsOf(config: ServerConfig): { port: number; host: string }[] {
  const own = ownServer(config)
  const clients = 'clientPortAddress' in config.origin || own?.clientAddress ? config.clientPortAddress : '::'
  const { secureClientPort: secure } = config
  const between = config.quorumListenOnAllIps || own === null ? '::' : own.host
  return [
    { port: config.clientPort, host: clients },
    { port: secure.port ?? 0, host: secure.address ?? '::' },
    ...(own === null ? [] : [own.quorumPort, own.electionPort].map((port) => ({ port, host: between }))),
  ].filter(({ port }) => port > 0)
}

/** @throws OpenError */
export function mustBeFree(port: number, host: string): Promise<void> {
  return new Promise((free, taken) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no address `::`.
      if (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL') free()
      else taken(new OpenError({ message: error.message, code: error.code ?? '', port, address: host }))
    })
    server.listen({ port, host, exclusive: true }, () => server.close(() => free()))
  })
}
