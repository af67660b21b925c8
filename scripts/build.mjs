/**
 * Bundles what runs into dist: one file per entry, so that a thread or the CLI starts by reading little.
 * Packages stay outside the bundles. Runs in npm's `prepare`, hence plain JavaScript and nothing but esbuild.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** dist name to source. The tools for developers stand beside what is published, and are not published. */
const entries = {
  'cli/main': 'src/cli/main.ts',
  'host/threadMember': 'src/host/threadMember.ts',
  'host/processMember': 'src/host/processMember.ts',
  'ensemble/index': 'src/ensemble/index.ts',
  'client/index': 'src/client/index.ts',
  bench: 'bench/main.ts',
  simulate: 'test/simulation/main.ts',
}

/** @param {{ types: boolean }} options `types`: also the declarations, which take a few seconds. */
export async function build({ types }) {
  // Chunks are named after their contents: without this they pile up. Tests build over what may be in use.
  if (types) rmSync(join(root, 'dist'), { recursive: true, force: true })
  const present = Object.entries(entries).filter(([, source]) => existsSync(join(root, source)))
  await bundle({
    absWorkingDir: root,
    entryPoints: present.map(([out, source]) => ({ in: source, out })),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    define: {
      ZK_PSEUDO_VERSION: JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version),
      ZK_PSEUDO_BUILT_AT: JSON.stringify(new Date().toISOString()),
    },
    logLevel: 'warning',
  })
  if (existsSync(join(root, 'dist/cli/main.js'))) chmodSync(join(root, 'dist/cli/main.js'), 0o755)
  if (types) declarations()
}

function declarations() {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the declarations could not be built')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build({ types: true })
