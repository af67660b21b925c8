/** Runs show.ts, which Node 20 cannot load by itself: every .ts file is transformed as it is loaded. */
import { register } from 'node:module'
import { build } from '../../scripts/build.mjs'

register('./typescript.mjs', import.meta.url)
await build({ types: false })
const { show } = await import('./show.ts')
process.exitCode = await show(process.argv.slice(2))
