/** The beginning of a cluster's life: from the request to members whose ports are bound. */
import type { MemberPorts } from '../config/classic.ts'
import type { ServerConfig } from '../config/serverConfig.ts'
import { type ClusterRequest, USUAL_MEMBERS } from './clusterRequest.ts'
import type { Engines } from './engines.ts'
import type { ClusterDir } from './folder/clusterDir.ts'
import type { Member } from './member.ts'
import { asksForTheSame, type Plan, planClassic, planFiles } from './plan.ts'
import type { PortClaims } from './ports/ports.ts'

const PORT_ATTEMPTS = 20

interface Opening {
  readonly request: ClusterRequest
  /** The request for which the folder was made. */
  readonly before: ClusterRequest | null
  readonly dir: ClusterDir
  readonly claims: PortClaims
  readonly engines: Engines
  readonly memberOf: (config: ServerConfig) => Member
  /** Receives the members before any of them is opened. */
  readonly onPlanned: (members: Member[]) => void
}

/**
 * Plans the members and binds their ports. With automatic ports, it tries again if a drawn port turns out to
 * be taken.
 * @returns lines for people
 */
export async function openMembers(opening: Opening): Promise<readonly string[]> {
  const { request, dir, claims, engines } = opening
  const isAuto = request.files.length === 0 && request.autoPorts
  for (let attempt = 1; ; attempt++) {
    const ports = isAuto ? await automaticPorts(opening, attempt === 1) : null
    const plan = await planOf(opening, ports)
    makeData(plan, dir)
    const members = plan.members.map(opening.memberOf)
    opening.onPlanned(members)
    try {
      await engines.begin(members)
      await bindAll(members)
      if (dir.manifest !== null) dir.manifest.ports = ports
      engines.remember(members)
      return plan.notes
    } catch (error) {
      await Promise.all(members.map((member) => member.host?.kill()))
      await engines.close()
      const isTaken = (error as { code?: string }).code === 'EADDRINUSE'
      if (!isAuto || !isTaken || attempt === PORT_ATTEMPTS) throw error
      claims.releaseAll()
    }
  }
}

/** Makes the data folders before the members would, so that it is known which of these folders are ours. */
function makeData({ members }: Plan, dir: ClusterDir): void {
  const own = members.filter(({ datadirAutocreate }) => datadirAutocreate)
  for (const home of new Set(own.flatMap(({ dataDir, dataLogDir }) => [dataDir, dataLogDir]))) {
    dir.makeData(home)
  }
  dir.save()
}

/** @throws the first port error; any of the other members may then be open */
export async function bindAll(members: readonly Member[]): Promise<void> {
  const results = await Promise.allSettled(members.map((member) => member.open()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function planOf({ request, before, dir }: Opening, ports: MemberPorts[] | null): Promise<Plan> {
  if (request.files.length > 0) return planFiles(request.files, dir)
  const isSame = asksForTheSame(request, before, dir) && samePorts(ports, dir.manifest?.ports ?? null)
  return isSame ? planFiles([`${dir.path}/conf`], dir) : planClassic(request, dir, ports)
}

/** The ports of last time if they are available, otherwise new ones. */
async function automaticPorts({ request, dir, claims }: Opening, mayReuse: boolean): Promise<MemberPorts[]> {
  const count = (request.members ?? USUAL_MEMBERS) + request.observers
  const last = dir.manifest?.ports ?? null
  if (mayReuse && last?.length === count) {
    if (await claims.claimThese(last.flatMap((ports) => Object.values(ports)))) return last
  }
  const drawn = await claims.claimAny(count * 3)
  return Array.from({ length: count }, (_, i) => {
    const [clientPort = 0, quorumPort = 0, electionPort = 0] = drawn.slice(i * 3, i * 3 + 3)
    return { clientPort, quorumPort, electionPort }
  })
}

function samePorts(a: readonly MemberPorts[] | null, b: readonly MemberPorts[] | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
