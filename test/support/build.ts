import { build } from '../../scripts/build.mjs'

/** Builds dist once before any test, because worker threads and child processes load it. */
export default async function setup(): Promise<void> {
  await build({ types: false })
}
