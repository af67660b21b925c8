/** Transaction logs on disk, as far as it is asked how far they reach. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ENTRY_OVERHEAD, logHeader, TXN_HEADER_SIZE, writeEntry } from '../../src/storage/log/logFormat.ts'
import type { Member } from '../../src/supervisor/member.ts'

/** Writes one log file with these zxids into the member's data dir. */
export function writeLog({ config }: Member, zxids: readonly number[]): void {
  const folder = join(config.dataDir, 'version-2')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, `log.${(zxids[0] ?? 0).toString(16)}`),
    Buffer.concat([logHeader(), ...zxids.map(entry)]),
  )
}

function entry(zxid: number): Buffer {
  const payload = Buffer.alloc(TXN_HEADER_SIZE + 10)
  payload.writeBigInt64BE(BigInt(zxid), 12)
  const frame = Buffer.alloc(payload.length + ENTRY_OVERHEAD)
  writeEntry(frame, 0, payload)
  return frame
}
