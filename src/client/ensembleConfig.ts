/** The ensemble's configuration as clients see and change it (`/zookeeper/config`, reconfig). */
import { OpCode } from '../protocol/opcodes.ts'
import { GetDataResponse, ReconfigRequest } from '../protocol/records/client.ts'
import type { Stat } from '../protocol/records/data.ts'
import { checkOptions, wrongArgument } from './checks.ts'
import { chrootAt } from './chroot.ts'
import type { Requests } from './requests.ts'
import type { Watcher } from './watches.ts'

/** This path is the same whatever a client's chroot is. */
const CONFIG_PATH = '/zookeeper/config'

export interface EnsembleConfig {
  /** The znode's text: a line for each server, and one for the version. Empty on a standalone server. */
  readonly text: string
  /** The zxid of the reconfig that made this configuration; 0n for the initial one. */
  readonly version: bigint
  /** The text after `server.N=`, by N. */
  readonly servers: ReadonlyMap<number, string>
  readonly stat: Stat
}

/** Either `joining` and `leaving`, or `members`, may be given. */
export interface ReconfigOptions {
  /** The servers to add or change, each as in zoo.cfg: `server.4=host:2888:3888:participant;2181`. */
  readonly joining?: readonly string[]
  /** The ids of the servers to remove. */
  readonly leaving?: readonly number[]
  /** All servers of the new ensemble, each as in zoo.cfg. */
  readonly members?: readonly string[]
  /** Fails with BadVersion unless the current configuration has this version. Any version unless given. */
  readonly fromVersion?: bigint
}

export async function getConfig(requests: Requests, watcher?: Watcher): Promise<EnsembleConfig> {
  const everywhere = requests.below(chrootAt(''))
  return configOf(await everywhere.read(OpCode.getData, CONFIG_PATH, GetDataResponse, watcher, () => 'data'))
}

export async function reconfig(requests: Requests, options: ReconfigOptions): Promise<EnsembleConfig> {
  checkReconfig(options)
  const { joining, leaving, members, fromVersion = -1n } = options
  const request = {
    joiningServers: joining?.join(',') ?? null,
    leavingServers: leaving?.join(',') ?? null,
    newMembers: members?.join(',') ?? null,
    curConfigId: fromVersion,
  }
  return configOf(await requests.ask(OpCode.reconfig, CONFIG_PATH, ReconfigRequest, request, GetDataResponse))
}

function checkReconfig(options: ReconfigOptions): void {
  checkOptions(options, ['joining', 'leaving', 'members', 'fromVersion'])
  const { joining = [], leaving = [], members = [], fromVersion = 0n } = options
  for (const [name, list] of Object.entries({ joining, members }))
    if (!Array.isArray(list) || !list.every((line) => typeof line === 'string'))
      throw wrongArgument(name, 'a list of server lines', list)
  if (!Array.isArray(leaving) || !leaving.every(Number.isSafeInteger))
    throw wrongArgument('leaving', 'a list of ids', leaving)
  if (typeof fromVersion !== 'bigint') throw wrongArgument('fromVersion', 'a bigint', fromVersion)
}

/** Makes an EnsembleConfig from the content of the znode `/zookeeper/config`. */
function configOf({ data, stat }: GetDataResponse): EnsembleConfig {
  const text = data?.toString('utf8') ?? ''
  const servers = new Map<number, string>()
  for (const [, id, address] of text.matchAll(/^server\.(-?\d+)=(.*)$/gm))
    servers.set(Number(id), address as string)
  const version = /^version=([0-9a-f]+)$/im.exec(text)?.[1]
  return { text, version: version === undefined ? 0n : BigInt(`0x${version}`), servers, stat }
}
