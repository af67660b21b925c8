import { defineConfig } from 'vitest/config'

/** Suites without servers or clocks: they take processor time alone, and share all processors. */
const UNITS = ['core', 'tree', 'protocol', 'config', 'storage', 'simulation', 'house'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

const shared = { pool: 'forks', testTimeout: 30_000, hookTimeout: 30_000 } as const

export default defineConfig({
  test: {
    // Members run from the built bundle, as for a user; it is built once for both projects.
    globalSetup: ['test/support/build.ts'],
    projects: [
      {
        test: {
          ...shared,
          name: 'units',
          include: UNITS,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'ensembles',
          include: ['test/**/*.test.ts'],
          exclude: UNITS,
          // Many tests run six servers and their clients: in CI one file at a time leaves two cores time to
          // spare. Elsewhere a failure for want of time is seen at once, and the other core is put to use.
          maxWorkers: process.env.CI ? 1 : '100%',
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
