/** A supervisor with its control socket: what `up` starts, and what the library runs in its caller's process. */
import { operationErrorOf } from '../control/operationError.ts'
import { ControlServer } from '../control/server.ts'
import type { ClusterRequest } from '../supervisor/plan.ts'
import { Supervisor } from '../supervisor/supervisor.ts'

/** @throws OperationError, or a port error with `code`, `port` and `address` */
export async function startCluster(
  request: ClusterRequest,
  note: (line: string) => void,
): Promise<Supervisor> {
  try {
    return await published(request, note)
  } catch (error) {
    throw operationErrorOf(error, request.dir)
  }
}

async function published(request: ClusterRequest, note: (line: string) => void): Promise<Supervisor> {
  const supervisor = await Supervisor.start(request, note)
  try {
    ControlServer.open(supervisor, supervisor.control)
    supervisor.publish()
    return supervisor
  } catch (error) {
    await supervisor.stop()
    throw error
  }
}
