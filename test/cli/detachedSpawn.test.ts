import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startDetached } from '../../src/cli/detached.ts'
import type { Output } from '../../src/cli/output.ts'

it('a background process that the system does not give leaves nothing in the folder', async () => {
  const root = mkdtempSync(join(tmpdir(), 'zkp-detached-'))
  const { execPath } = process
  const classic = { members: 1, files: [], observers: 0, settings: {}, name: null, basePort: null }
  const request = {
    ...classic,
    dir: join(root, '.zk-pseudo'),
    autoPorts: true,
    isolation: 'thread' as const,
  }
  const output = { note: () => {} } as unknown as Output
  process.execPath = join(root, 'no-such-program')
  try {
    const starting = startDetached(request, 5000, output, new AbortController().signal)
    await expect(starting).rejects.toMatchObject({ code: 'ENOENT' })
    expect(readdirSync(root)).toEqual([])
  } finally {
    process.execPath = execPath
    rmSync(root, { recursive: true, force: true })
  }
})
