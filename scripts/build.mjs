/**
 * Bundles what runs into dist and build: one file for each entry, so that a thread or the CLI starts by
 * reading little. Packages stay outside the bundles. This file runs in npm's `prepare`, hence it is plain
 * JavaScript and needs nothing but esbuild.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What is published: from the name in dist to the source. */
const published = {
  'cli/main': 'src/cli/main.ts',
  'host/threadMember': 'src/host/threadMember.ts',
  'host/processMember': 'src/host/processMember.ts',
  'ensemble/index': 'src/ensemble/index.ts',
  'client/index': 'src/client/index.ts',
}

/**
 * Tools for developers: from the name in build to the source. They are bundled apart from dist, so that none
 * of their chunks is published.
 */
const tools = {
  bench: 'bench/main.ts',
  damage: 'test/damage/main.ts',
  simulate: 'test/simulation/main.ts',
}

/**
 * @param {{ types: boolean }} options `types`: whether to build the declarations as well, which takes a few
 * seconds.
 */
export async function build({ types }) {
  // Chunks are named after their contents, so they would pile up without this. Tests build over files that
  // may be in use.
  if (types) for (const dir of ['dist', 'build']) rmSync(join(root, dir), { recursive: true, force: true })
  await Promise.all([bundleInto('dist', published), bundleInto('build', tools)])
  chmodSync(join(root, 'dist/cli/main.js'), 0o755)
  if (types) declarations()
}

/**
 * @param {string} outdir
 * @param {Record<string, string>} entries from name to source; a package without the sources of the tools
 * builds without them
 */
async function bundleInto(outdir, entries) {
  const present = Object.entries(entries).filter(([, source]) => existsSync(join(root, source)))
  await bundle({
    absWorkingDir: root,
    entryPoints: present.map(([out, source]) => ({ in: source, out })),
    outdir,
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
}

function declarations() {
  // The compiler is called by its path: node_modules/.bin/tsc may be the older TypeScript that tests compile
  // with.
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json']
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('the declarations could not be built')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build({ types: true })
