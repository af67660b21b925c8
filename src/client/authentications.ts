/**
 * The identities that a client has authenticated as, in the order in which they were added. Servers keep them
 * with the connection, so all of them are sent again on every new connection (ClientCnxn.authInfo).
 */
import { ErrorCode, type KeeperError } from '../protocol/errors.ts'
import { frameOf } from '../protocol/frames.ts'
import { OpCode, Xid } from '../protocol/opcodes.ts'
import { AuthPacket, RequestHeader } from '../protocol/records/client.ts'

interface Authentication {
  readonly frame: Buffer
  /** Null once the server has answered for the first time. */
  settle: { resolve(): void; reject(error: KeeperError): void } | null
}

export class Authentications {
  private readonly all: Authentication[] = []
  /** Sent on the current connection. The server answers them in order. */
  private unanswered: Authentication[] = []

  /** @param send null while there is no connection: `sendAll` then sends it on the next one */
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

  /** Sends everything on a new connection. */
  sendAll(send: (frame: Buffer) => void): void {
    this.unanswered = [...this.all]
    for (const { frame } of this.all) send(frame)
  }

  /** @returns false when the server refuses: it then hangs up, and no other server would accept it either */
  answered(err: number): boolean {
    const authentication = this.unanswered.shift()
    if (err !== ErrorCode.Ok) return false
    authentication?.settle?.resolve()
    if (authentication !== undefined) authentication.settle = null
    return true
  }

  /** Rejects those that were never answered. */
  end(error: KeeperError): void {
    for (const { settle } of this.all.splice(0)) settle?.reject(error)
  }
}
