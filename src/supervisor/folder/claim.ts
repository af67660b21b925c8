/**
 * A name that at most one process of this machine holds. On Linux it is an abstract Unix socket, which the
 * kernel frees with its process, however that process ends. Elsewhere it is a lock file with the owner's pid.
 * The holder can be asked for its identity.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from '../../time.ts'
import { fateOf, identityOf, type ProcessIdentity } from './processes.ts'

/** A holder that does not answer for this long is stopped, or very busy. */
const ASK_MS = 500

/** Releases the name. */
export type Release = () => void

/**
 * Claims the name; null if another process holds it.
 * @param tell returns the holder's answer when it is asked
 * @throws the system's error
 */
export async function claim(name: string, tell: () => string = () => ''): Promise<Release | null> {
  return process.platform === 'linux' ? claimSocket(name, tell) : claimFile(name, tell)
}

/** The answer of the name's holder, '' if it does not answer; null if no process holds the name. */
export async function askHolder(name: string): Promise<string | null> {
  return process.platform === 'linux' ? askSocket(name) : askFile(name)
}

function socketPath(name: string): string {
  return `\0zk-pseudo-${name}`
}

function claimSocket(name: string, tell: () => string): Promise<Release | null> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {})
      socket.unref().end(tell())
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null)
      else reject(error)
    })
    server.listen({ path: socketPath(name) }, () => {
      server.unref()
      resolve(() => server.close())
    })
  })
}

function askSocket(name: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath(name) }).setEncoding('utf8')
    let text = ''
    let isSilent = false
    const over = setTimeout(() => {
      isSilent = true
      socket.destroy()
    }, ASK_MS)
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(over)
      // A holder that hangs up without an answer has just released the name, or died.
      resolve(text === '' && !isSilent ? null : text)
    })
  })
}

interface LockFile extends ProcessIdentity {
  told: string
}

function lockPath(name: string): string {
  return join(tmpdir(), `zk-pseudo-${name}.lock`)
}

function claimFile(name: string, tell: () => string): Release | null {
  const path = lockPath(name)
  for (const attempt of [1, 2]) {
    try {
      const lock: LockFile = { ...identityOf(process.pid), told: tell() }
      writeFileSync(path, JSON.stringify(lock), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (attempt === 2 || askFile(name) !== null) return null
      rmSync(path, { force: true })
    }
  }
  return null
}

function askFile(name: string): string | null {
  try {
    const lock = JSON.parse(readFileSync(lockPath(name), 'utf8')) as LockFile
    return fateOf(lock) === 'gone' ? null : lock.told
  } catch {
    return null
  }
}
