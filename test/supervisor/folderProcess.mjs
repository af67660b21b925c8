/** A process that wants a cluster in a folder, tells what became of it, and ends when its parent lets go. */
import { Ensemble } from '../../dist/ensemble/index.js'

const [, , dir] = process.argv
try {
  const options = dir === 'temp' ? {} : { dir }
  const ensemble = await Ensemble.start({ ...options, members: 1 })
  process.send({ pid: process.pid, dir: ensemble.dir })
  void ensemble.ended.then((reason) => process.connected && process.send({ reason }))
} catch (error) {
  process.send({ code: error.code, message: error.message })
}
process.on('disconnect', () => process.exit(0))
