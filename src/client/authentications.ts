/**
 * What a client has authenticated as, in the order in which it was added. It belongs to the connection, so
 * every new one hears all of it again (ClientCnxn.authInfo).
 */
import { ErrorCode, type KeeperError } from '../protocol/errors.ts'
import { OpCode, Xid } from '../protocol/opcodes.ts'
import { AuthPacket, RequestHeader } from '../protocol/records/client.ts'
import { frameOf } from './serverConnection.ts'

interface Authentication {
  readonly frame: Buffer
  /** Null once the server has answered the first time. */
  settle: { resolve(): void; reject(error: KeeperError): void } | null
}

export class Authentications {
  private readonly all: Authentication[] = []
  /** Sent on the present connection; answered in order. */
  private unanswered: Authentication[] = []

  /** @param send null while there is no connection: the next one gets it by `sendAll` */
  add(scheme: string, auth: Buffer, send: ((frame: Buffer) => void) | null): Promise<void> {
    const frame = frameOf((writer) => {
      RequestHeader.write(writer, { xid: Xid.auth, type: OpCode.auth })
      AuthPacket.write(writer, { type: 0, scheme, auth })
    })
    return new Promise((resolve, reject) => {
      const authentication = { frame, settle: { resolve, reject } }
      this.all.push(authentication)
      if (send === null) return
      this.unanswered.push(authentication)
      send(frame)
    })
  }

  /** On a new connection. */
  sendAll(send: (frame: Buffer) => void): void {
    this.unanswered = [...this.all]
    for (const { frame } of this.all) send(frame)
  }

  /** @returns false when the server refuses: it hangs up then, and no other server would take it */
  answered(err: number): boolean {
    const authentication = this.unanswered.shift()
    if (err !== ErrorCode.Ok) return false
    authentication?.settle?.resolve()
    if (authentication !== undefined) authentication.settle = null
    return true
  }

  /** Fails those that were never answered. */
  end(error: KeeperError): void {
    for (const { settle } of this.all.splice(0)) settle?.reject(error)
  }
}
