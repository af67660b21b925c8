/** One configuration of the ensemble, and what the core needs to know of its textual form. */
import type { Zxid } from '../../protocol/zxid.ts'
import type { QuorumMember } from '../quorum/rule.ts'

interface QuorumAddress {
  readonly host: string
  readonly quorumPort: number
  readonly electionPort: number
}

/** A `server.N` line; a ServerSpec is one. */
export interface EnsembleServer extends QuorumMember, QuorumAddress {
  readonly extraAddresses: QuorumAddress[]
  readonly clientAddress: string | null
  readonly clientPort: number | null
}

export interface EnsembleConfig {
  /**
   * The zxid of the reconfig that made it. Counter 0 marks the first configuration, named after the epoch
   * that made it known; 0 means that no epoch has.
   */
  readonly version: Zxid
  /** By ascending sid. */
  readonly servers: readonly EnsembleServer[]
  /** As `/zookeeper/config`, notifications and NEWLEADER carry it; the last line is the version. */
  readonly text: string
}

/** `bad` is answered with BadArguments, `unreadable` with MarshallingError. */
export type ReconfigFault = 'bad' | 'unreadable'

/** Configurations as text. The core does not know what zoo.cfg allows. */
export interface ConfigCodec {
  /** Null for a text that is no configuration. */
  read(text: string): EnsembleConfig | null
  /** The new list of a reconfig in bulk. */
  readNewMembers(text: string, version: Zxid, standaloneEnabled: boolean): EnsembleConfig | ReconfigFault
  /** `server.N=…` of an incremental reconfig. */
  readJoiner(text: string): EnsembleServer | ReconfigFault
  /** A majority ensemble of these servers. */
  write(servers: readonly EnsembleServer[], version: Zxid): EnsembleConfig
  /** An address that both would use; null where none is. */
  sharedAddress(one: EnsembleServer, other: EnsembleServer): string | null
}

export function withVersion(config: EnsembleConfig, version: Zxid): EnsembleConfig {
  return {
    ...config,
    version,
    text: config.text.replace(/version=[0-9a-f]*$/i, `version=${version.toString(16)}`),
  }
}

/** Whether both name the same servers in the same roles; client addresses are not compared. */
export function sameMembers(one: EnsembleConfig, other: EnsembleConfig): boolean {
  return rolesText(one) === rolesText(other)
}

function rolesText({ servers }: EnsembleConfig): string {
  return JSON.stringify(
    servers.map((server) => [server.sid, server.role, server.group, server.weight, addressesOf(server)]),
  )
}

function addressesOf(server: EnsembleServer): unknown[] {
  return [server, ...server.extraAddresses].map(({ host, quorumPort, electionPort }) => [
    host,
    quorumPort,
    electionPort,
  ])
}

export function sameQuorumAddress(one: EnsembleServer, other: EnsembleServer): boolean {
  return one.host === other.host && one.quorumPort === other.quorumPort
}

/** Incremental changes are for ensembles that decide by majority only. */
export function isHierarchical({ servers }: EnsembleConfig): boolean {
  return servers.some(({ role, group }) => role === 'participant' && group !== null)
}
