/** A supervisor with its control socket: `up` starts it, and the library runs it in its caller's process. */
import { operationErrorOf } from '../api/operationError.ts'
import { ControlServer } from '../control/server.ts'
import type { ClusterRequest } from '../supervisor/clusterRequest.ts'
import { knownClusters } from '../supervisor/folder/presence.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { atExit } from './atExit.ts'

const OTHER_PORTS = 'use other ports: --base-port PORT, or --ports auto'

/**
 * Nothing of it keeps this process from ending by itself: its caller keeps the process running as long as
 * necessary.
 * @param otherPorts how the caller chooses other ports, for the message about a taken port
 * @throws OperationError; a PortError when a port cannot be had
 */
export async function startCluster(
  request: ClusterRequest,
  note: (line: string) => void,
  otherPorts = OTHER_PORTS,
): Promise<Supervisor> {
  try {
    return await published(request, note)
  } catch (error) {
    const { explainPort, isPortTrouble } = await import('../control/takenPort.ts')
    if (!isPortTrouble(error)) throw operationErrorOf(error, request.dir)
    const inFiles = 'give the member another port in its config file'
    throw await explainPort(error, await knownClusters(), request.files.length > 0 ? inFiles : otherPorts)
  }
}

async function published(request: ClusterRequest, note: (line: string) => void): Promise<Supervisor> {
  const supervisor = await Supervisor.start(request, note)
  try {
    ControlServer.open(supervisor, supervisor.cluster.control)
    supervisor.publish()
    const takeBack = atExit(() => supervisor.endNow())
    void supervisor.ended.then(takeBack)
    return supervisor
  } catch (error) {
    await supervisor.stop()
    throw error
  }
}
