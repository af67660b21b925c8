/** Removes old snapshots and logs at the configured interval (DatadirCleanupManager). */
import type { ServerConfig } from '../config/serverConfig.ts'
import type { Storage } from '../storage/storage.ts'

const HOUR_MS = 3_600_000

export class Autopurge {
  private readonly timer: NodeJS.Timeout | null = null

  constructor(storage: Storage, config: ServerConfig['autopurge'], note: (message: string) => void) {
    const { purgeIntervalHours, snapRetainCount } = config
    if (purgeIntervalHours <= 0) return
    const purge = () => {
      const removed = storage.purge(snapRetainCount)
      if (removed.length > 0) note(`purged ${removed.length} old snapshot and log files`)
    }
    // Like Apache, it also purges once at the start.
    setImmediate(purge)
    this.timer = setInterval(purge, Math.min(purgeIntervalHours * HOUR_MS, 0x7fffffff))
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
  }
}
