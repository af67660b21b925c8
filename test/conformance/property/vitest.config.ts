import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Both engines at once, so neither is asked for. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/conformance/property/*.property.ts'],
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
  },
})
