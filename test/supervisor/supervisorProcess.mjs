/**
 * A supervisor in a process of its own, to be killed: folder, isolation or `apache`, and whom to pause, as
 * arguments.
 */
import { Ensemble } from '../../dist/ensemble/index.js'

const [, , dir, isolation, pause] = process.argv
const ensemble = await Ensemble.start(isolation === 'apache' ? { dir, engine: 'apache' } : { dir, isolation })
if (pause !== '') await ensemble.pause(pause)
process.send(await ensemble.status())
process.on('disconnect', () => process.exit(1))
