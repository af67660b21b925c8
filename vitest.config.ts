import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Members run from the built bundle, as for a user; the build takes well under a second.
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    // Much of the time is waiting for elections and disks: one file at a time would leave a core idle.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
