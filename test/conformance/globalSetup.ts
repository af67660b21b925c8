/**
 * Runs once for each run of the suite: builds what our members run from, and starts the control of the
 * ensembles.
 */
import type { TestProject } from 'vitest/node'
import { build } from '../../scripts/build.mjs'
import { type Engine, EnsembleControl } from './ensembleControl.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Null when the suite runs against an ensemble that it did not start. */
    controlUrl: string | null
    connect: string[]
    engine: string
    isRecording: boolean
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = (process.env.CONFORMANCE_ENGINE ?? 'zk-pseudo') as Engine
  const connect = (process.env.CONFORMANCE_CONNECT ?? '').split(',').filter((address) => address !== '')
  project.provide('engine', engine)
  project.provide('connect', connect)
  project.provide('isRecording', process.env.CONFORMANCE_RECORD === '1')
  if (connect.length > 0) {
    project.provide('controlUrl', null)
    return async () => {}
  }
  if (engine === 'zk-pseudo') await build({ types: false })
  const control = new EnsembleControl(engine)
  project.provide('controlUrl', await control.listen())
  return () => control.end()
}
