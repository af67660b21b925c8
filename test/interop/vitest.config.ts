import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * One process runs all plays. Ensembles wait for elections most of the time, so a few plays run at once
 * (`--jobs`).
 */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/interop/play.ts'],
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    sequence: { concurrent: true },
    maxConcurrency: Number(process.env.INTEROP_JOBS || 2),
    hookTimeout: 60_000,
  },
})
