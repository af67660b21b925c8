/** The SASL exchange on a new connection (ZooKeeperSaslClient), which precedes everything else. */
import { ErrorCode } from '../protocol/errors.ts'
import { frameOf } from '../protocol/frames.ts'
import { OpCode } from '../protocol/opcodes.ts'
import type { Reader } from '../protocol/reader.ts'
import { GetSaslRequest, RequestHeader, SetSaslResponse } from '../protocol/records/client.ts'
import { DigestMd5, type SaslCredentials, SaslError } from './sasl.ts'
import type { Call } from './serverConnection.ts'

interface SaslLogin {
  readonly credentials: SaslCredentials
  nextXid(): number
  send(call: Call): void
  done(): void
  refused(why: string): void
}

export function logIn(login: SaslLogin): void {
  step(login, new DigestMd5(login.credentials), Buffer.alloc(0))
}

function step(login: SaslLogin, exchange: DigestMd5, token: Buffer): void {
  const xid = login.nextXid()
  const frame = frameOf((writer) => {
    RequestHeader.write(writer, { xid, type: OpCode.sasl })
    GetSaslRequest.write(writer, { token })
  })
  const answered = (err: number, body: Reader): void => {
    if (err !== ErrorCode.Ok) {
      login.refused('the server refuses the SASL login')
      return
    }
    try {
      const next = exchange.next(SetSaslResponse.read(body).token ?? Buffer.alloc(0))
      if (next === null) login.done()
      else step(login, exchange, next)
    } catch (error) {
      if (!(error instanceof SaslError)) throw error
      login.refused(error.message)
    }
  }
  // If the connection is lost meanwhile, the session replaces it.
  login.send({ xid, frame, answered, failed: () => {} })
}
