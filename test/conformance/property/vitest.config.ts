import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The property runs on both engines, so `--engine` is not needed. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/conformance/property/*.property.ts'],
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
  },
})
