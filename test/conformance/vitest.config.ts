import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/**
 * One process runs all cases. They wait for servers most of the time, so the cases of a file run
 * concurrently.
 */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/conformance/cases/**/*.cases.ts'],
    globalSetup: ['test/conformance/globalSetup.ts'],
    pool: 'forks',
    fileParallelism: false,
    isolate: false,
    sequence: { concurrent: true },
    maxConcurrency: 8,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
