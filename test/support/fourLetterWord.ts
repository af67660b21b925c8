/** Four-letter words over a bare socket, as `echo ruok | nc 127.0.0.1 2181` would send them. */
import { connect } from 'node:net'

/** The whole answer to `word`; rejects when the port refuses or stays silent for `timeoutMs`. */
export function ask(port: number, word: string, timeoutMs = 2000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(word))
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${word} on ${port}: no answer`)))
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
  })
}

/** The mode that the member reports; null while it serves nobody or cannot be reached. */
export async function modeOf(clientPort: number): Promise<string | null> {
  const answer = await ask(clientPort, 'srvr').catch(() => '')
  return /^Mode: (\w+)/m.exec(answer)?.[1] ?? null
}
