/**
 * The control socket of a cluster lies in its folder. The cluster runs if, and only if, this socket accepts
 * connections. A socket's address has about a hundred bytes. On Linux, a folder with a longer path is
 * addressed through an open descriptor of it (/proc/self/fd); elsewhere its socket lies in the system's
 * temporary folder, and supervisor.json says where.
 */
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, constants, existsSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearTimeout, setTimeout } from '../../time.ts'
import { readState } from './supervisorState.ts'

const NAME = 'control.sock'
/** The length of sun_path without its final zero byte. */
const LONGEST_ADDRESS = process.platform === 'linux' ? 107 : 103
/** Streams whose readers do not end them are cut off this long after the last answer. */
const LAST_ANSWER_MS = 50

/** `denied`: the socket belongs to another user, and only that user can tell. */
type Answer = 'answers' | 'silent' | 'denied'

/**
 * Connects to the control socket of the cluster in `dir`.
 * @throws the system's error if there is no such folder
 */
export function connectToControl(dir: string, name = NAME): Socket {
  const path = join(dir, name)
  if (Buffer.byteLength(path) <= LONGEST_ADDRESS) return connect({ path })
  if (!hasDescriptors()) return connect({ path: readState(dir)?.socket ?? path })
  const folder = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    // The system has resolved the address when this returns.
    return connect({ path: throughDescriptor(folder, name) })
  } finally {
    closeSync(folder)
  }
}

/**
 * Whether a supervisor listens in `dir`. A stopped supervisor does, too: the system accepts the connection.
 */
export function probe(dir: string, name = NAME): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = ({ code }: NodeJS.ErrnoException) => {
      if (code === 'EACCES' || code === 'EPERM') resolve('denied')
      // Only a live process has a full queue of connections.
      else resolve(code === 'EAGAIN' ? 'answers' : 'silent')
    }
    try {
      const socket = connectToControl(dir, name)
      socket.once('error', failed)
      socket.once('connect', () => {
        socket.destroy()
        resolve('answers')
      })
    } catch (error) {
      failed(error as NodeJS.ErrnoException)
    }
  })
}

export class ControlSocket {
  /** The socket's path, if it does not lie in the folder. */
  readonly elsewhere: string | null
  private readonly server: Server
  private readonly folder: number | null
  private readonly sockets = new Set<Socket>()
  private listener: RequestListener | null = null
  private readonly waiting: Parameters<RequestListener>[] = []

  /**
   * Binds the socket, for the holder of the folder's claim. Requests wait until `serve`.
   * @returns null if a supervisor in another network namespace listens there after all
   */
  static async bind(dir: string): Promise<ControlSocket | null> {
    if (!(await removeStale(dir))) return null
    const folder = hasDescriptors() ? openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY) : null
    const control = new ControlSocket(dir, folder)
    try {
      await control.listen(dir)
      return control
    } catch (error) {
      if (folder !== null) closeSync(folder)
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      return null
    }
  }

  private constructor(dir: string, folder: number | null) {
    this.folder = folder
    const isTooLong = Buffer.byteLength(join(dir, NAME)) > LONGEST_ADDRESS
    this.elsewhere = folder === null && isTooLong ? shortPath(dir) : null
    this.server = createServer((...asked) => {
      if (this.listener === null) this.waiting.push(asked)
      else this.listener(...asked)
    })
    // Callers wait for the answer, but a connection is no reason for this process to stay alive.
    this.server.unref()
    this.server.on('connection', (socket) => {
      socket.unref()
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  serve(listener: RequestListener): void {
    this.listener = listener
    for (const asked of this.waiting.splice(0)) listener(...asked)
  }

  /** Finishes the answers in progress and ends the streams. The system removes only this very socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    const cutOff = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy()
    }, LAST_ANSWER_MS)
    await closed
    clearTimeout(cutOff)
    if (this.folder !== null) closeSync(this.folder)
  }

  private listen(dir: string): Promise<void> {
    // Addressed through the descriptor, it remains this folder's socket, and closing removes it there,
    // whatever happens to the path.
    const path =
      this.folder === null ? (this.elsewhere ?? join(dir, NAME)) : throughDescriptor(this.folder, NAME)
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(path, () => {
        this.server.off('error', reject)
        resolve()
      })
      if (this.server.listening) chmodSync(path, 0o600)
    })
  }
}

/**
 * Removes a socket on which no process listens. It is renamed first: if another supervisor has bound its own
 * socket there since the check, that one still answers under the new name, and gets its name back.
 */
async function removeStale(dir: string): Promise<boolean> {
  if ((await probe(dir)) !== 'silent') return false
  if (!hasDescriptors()) rmSync(shortPath(dir), { force: true })
  const path = join(dir, NAME)
  if (!existsSync(path)) return true
  const aside = `${path}.stale`
  renameSync(path, aside)
  const isLive = (await probe(dir, `${NAME}.stale`)) === 'answers'
  if (isLive) linkSync(aside, path)
  rmSync(aside, { force: true })
  return !isLive
}

/** Removes what a killed supervisor has left; for the holder of the folder's claim. */
export function removeSocket(dir: string): void {
  for (const file of [NAME, `${NAME}.stale`]) rmSync(join(dir, file), { force: true })
  if (!hasDescriptors()) rmSync(shortPath(dir), { force: true })
}

function shortPath(dir: string): string {
  return join(tmpdir(), `zk-pseudo-${createHash('sha1').update(dir).digest('hex').slice(0, 16)}.sock`)
}

function throughDescriptor(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`
}

let descriptors: boolean | undefined

function hasDescriptors(): boolean {
  descriptors ??= process.platform === 'linux' && existsSync('/proc/self/fd')
  return descriptors
}
