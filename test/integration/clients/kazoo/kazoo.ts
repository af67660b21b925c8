/** kazoo's suites: one ensemble for each, and the scripts of this folder as programs that run on it. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, type TestContext } from 'vitest'
import { allServe, describeEngines, needs, type TestEnsemble } from '../../../support/ensembles.ts'
import { LineProgram, works } from '../../../support/programs.ts'

const pythons = [process.env.PYTHON ?? 'python3', '/usr/bin/python3']
const python = pythons.find((candidate) => works(candidate, ['-c', 'import kazoo']))

export interface Kazoo {
  ensemble(): TestEnsemble
  /** Starts `name`.py with the members' addresses and `args`; skips the test when kazoo is missing. */
  script(context: TestContext, name: string, ...args: string[]): LineProgram
}

export function describeKazoo(title: string, suite: (kazoo: Kazoo) => void): void {
  describeEngines(`kazoo: ${title}`, (start) => {
    let ensemble: TestEnsemble
    beforeAll(async () => {
      if (!python) return
      ensemble = await start()
      await allServe(ensemble.members)
    })
    afterAll(() => ensemble?.[Symbol.asyncDispose]())
    suite({
      ensemble: () => ensemble,
      script(context, name, ...args) {
        needs(context, python ? undefined : 'no Python with kazoo was found (Debian: python3-kazoo)')
        const file = fileURLToPath(new URL(`./${name}.py`, import.meta.url))
        return new LineProgram(python as string, ['-B', file, ensemble.connectString, ...args])
      },
    })
  })
}
