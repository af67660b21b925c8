/** Sends a four-letter word to a server, as `echo ruok | nc host port` does. */
import { connect } from 'node:net'
import { clearTimeout, setTimeout } from '../time.ts'
import { checkMilliseconds, checkString, isWhole, wrongArgument } from './checks.ts'

/**
 * @returns the answer; empty when the server only closes the connection
 * @throws the system's error (ECONNREFUSED, …), or one with the code ETIMEDOUT after `timeoutMs`
 */
export async function fourLetterWord(
  host: string,
  port: number,
  word: string,
  timeoutMs = 5000,
): Promise<string> {
  checkString('host', host)
  if (!isWhole(port, 1, 65_535)) throw wrongArgument('port', 'a port, 1 to 65535', port)
  checkString('word', word)
  checkMilliseconds('timeoutMs', timeoutMs)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host, port })
    const timer = setTimeout(() => {
      const error = new Error(`${host}:${port} did not answer ${word} within ${timeoutMs} ms`)
      socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server may reset the connection when it closes it; what it sent before counts.
      if (error.code !== 'ECONNRESET' || chunks.length === 0) reject(error)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('utf8'))
    })
  })
}
