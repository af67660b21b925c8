/** Configurations of made-up ensembles, and the transactions that propose them. */
import type { EnsembleConfig, EnsembleServer } from '../../src/core/membership/ensembleConfig.ts'
import { CONFIG_PATH } from '../../src/core/membership/membership.ts'
import { configCodec } from '../../src/peer/membership.ts'
import type { SessionId } from '../../src/protocol/ids.ts'
import { OpCode } from '../../src/protocol/opcodes.ts'
import type { Transaction, TxnBody } from '../../src/protocol/transaction.ts'
import { ZERO_ZXID, type Zxid } from '../../src/protocol/zxid.ts'

/** As in zoo.cfg. */
export function serverLine(sid: number, role = 'participant', quorumPort = 2888): string {
  return `server.${sid}=10.0.0.${sid}:${quorumPort}:3888:${role};2181`
}

/** `1 2 3o 4@2999`: voters, observers with an o, quorum ports other than 2888. */
export function configOf(list: string, version: Zxid = ZERO_ZXID): EnsembleConfig {
  const servers = list.split(' ').map((word): EnsembleServer => {
    const [, sid, observer, port] = /^(\d+)(o?)(?:@(\d+))?$/.exec(word) ?? []
    const role = observer === 'o' ? 'observer' : 'participant'
    const server = configCodec.readJoiner(serverLine(Number(sid), role, Number(port ?? 2888)))
    if (typeof server === 'string') throw new Error(`${word} is ${server}`)
    return server
  })
  return configCodec.write(servers, version)
}

/** `configOf(list)` proposed as `zxid`. */
export function reconfigTo(list: string, zxid: Zxid): Transaction {
  const data = Buffer.from(configOf(list, zxid).text)
  return transaction(zxid, { type: OpCode.reconfig, record: { path: CONFIG_PATH, data, version: -1 } })
}

export function createNode(path: string, zxid: Zxid): Transaction {
  const record = { path, data: null, acl: [], ephemeral: false, parentCVersion: 1 }
  return transaction(zxid, { type: OpCode.create, record })
}

export function transaction(zxid: Zxid, body: TxnBody): Transaction {
  const header = { clientId: 1n as SessionId, cxid: 1, zxid, time: 0, type: body.type }
  return { header, body, digest: undefined }
}
