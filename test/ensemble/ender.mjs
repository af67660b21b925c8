/**
 * A program that starts an ensemble and does not close it: how it ends, and in what its members run, as
 * arguments.
 */
import { Ensemble } from '../../dist/ensemble/index.js'

const [, , how, isolation] = process.argv
const ensemble = await Ensemble.start({ isolation })
await ensemble.kill('leader')
process.send(await ensemble.status())
if (how === 'exits') process.exit(7)
if (how === 'throws') throw new Error('a bug of its own')
if (how === 'throws later') setTimeout(() => process.emit('nothing', nothing()), 20)
// What holds a child process that was forked is no business of the ensemble.
process.disconnect()

function nothing() {
  throw new Error('a bug of its own')
}
