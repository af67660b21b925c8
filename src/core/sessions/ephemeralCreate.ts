/** Whether a request creates an ephemeral node (QuorumZooKeeperServer.checkUpgradeSession). */
import { CreateFlag, OpCode } from '../../protocol/opcodes.ts'
import { DecodeError, Reader } from '../../protocol/reader.ts'
import { CreateRequest } from '../../protocol/records/client.ts'
import { readMulti } from '../writes/multi.ts'

export function createsEphemeral(type: number, body: Buffer | null): boolean {
  if (body === null) return false
  try {
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
        return isEphemeral(CreateRequest.read(new Reader(body)).flags)
      case OpCode.multi:
        return readMulti(new Reader(body)).some(
          ({ request }) => 'flags' in request && isEphemeral(request.flags),
        )
      default:
        return false
    }
  } catch (error) {
    // The leader reports what is wrong with it when it prepares the request.
    if (error instanceof DecodeError) return false
    throw error
  }
}

function isEphemeral(flags: number): boolean {
  return flags === CreateFlag.ephemeral || flags === CreateFlag.ephemeralSequential
}
