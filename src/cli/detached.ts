/**
 * `up -d`: the supervisor in a process of its own that outlives this one. What goes wrong before it can be asked
 * comes back over the channel between the two, so that a taken port is told here and not in a file.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiError } from '../control/api.ts'
import { ClusterDir } from '../supervisor/clusterDir.ts'
import { OperationError } from './errors.ts'
import type { Output } from './output.ts'
import type { UpRequest } from './upRequest.ts'

/** From the background process: a line for the person, then the end of its start. */
export type StartMessage =
  | { kind: 'note'; line: string }
  | { kind: 'ready'; socket: string }
  | { kind: 'failed'; error: ApiError['error'] }

export async function startDetached(request: UpRequest, output: Output): Promise<{ socket: string }> {
  const logDir = join(request.dir, 'logs')
  // Remembered as made by us, so that `down --volumes` leaves nothing behind.
  const dir = new ClusterDir(request.dir)
  if (dir.manifest === null) dir.begin({ name: request.name ?? '', request, ports: null })
  dir.make(logDir)
  dir.save()
  const logFile = join(logDir, 'supervisor.out')
  const out = openSync(logFile, 'a', 0o600)
  const child = spawn(process.execPath, [process.argv[1] ?? '', '__supervise', JSON.stringify(request)], {
    detached: true,
    stdio: ['ignore', out, out, 'ipc'],
  })
  closeSync(out)
  try {
    return await new Promise((resolve, reject) => {
      child.on('message', (message: StartMessage) => {
        if (message.kind === 'note') output.note(message.line)
        else if (message.kind === 'ready') resolve({ socket: message.socket })
        else {
          const { code, message: text, hint, exitCode } = message.error
          reject(new OperationError(code, text, hint, exitCode))
        }
      })
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`
        reject(
          new OperationError(
            'SUPERVISOR_ENDED',
            `the supervisor ended ${how} while it started`,
            `see ${logFile}`,
          ),
        )
      })
    })
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
}
