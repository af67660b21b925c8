import { build } from '../../scripts/build.mjs'

/** Builds dist once before any test: worker threads and child processes load it. */
export default async function setup(): Promise<void> {
  // TEMPORARY while parts are missing
  await build({ types: false }).catch((error: unknown) => console.warn(String(error).slice(0, 300)))
}
