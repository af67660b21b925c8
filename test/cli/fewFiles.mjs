/** Starts an ensemble of the library and prints what came of it. */
import { Ensemble } from '../../dist/ensemble/index.js'

try {
  const ensemble = await Ensemble.start({ waitTimeoutMs: 3000 })
  await ensemble.stopAll()
  console.log('up')
} catch (error) {
  console.log(`${error.name} ${error.code}: ${error.message}\n${error.hint}`)
}
