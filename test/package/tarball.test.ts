/** What is published, and what is not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pack, root } from './published.ts'

it('holds what runs, the types and the documents, and no tools or source maps', () => {
  const paths = pack('--dry-run').files.map(({ path }) => path)
  expect(paths.filter((path) => /\.map$|bench|simulat|^(src|test|build|scripts)\//.test(path))).toEqual([])
  const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = [bin['zk-pseudo'], exports['.'].default, exports['./client'].default]
  const members = ['dist/host/threadMember.js', 'dist/host/processMember.js']
  expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'ARCHITECTURE.md']))
  expect(paths).toEqual(
    expect.arrayContaining([...entries, ...members].map((path) => path.replace('./', ''))),
  )
  // Chunks of the tools would not be recognizable by their names, so the tools are bundled separately and
  // there are none.
  const chunks = paths.filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
  const told = chunks.filter((path) => /simulated|bench:/.test(readFileSync(join(root, path), 'utf8')))
  expect(told).toEqual([])
})
