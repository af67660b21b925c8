/**
 * `up --dry-run`: the configs that an `up` would use, and everything that is wrong with them. It changes
 * nothing.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { classicEnsemble } from '../config/classic.ts'
import { loadEnsemble } from '../config/load/load.ts'
import { hasErrors, type Problem } from '../config/problem.ts'
import { clientEndpoint } from '../config/servers/clientEndpoint.ts'
import { USUAL_MEMBERS } from '../supervisor/clusterRequest.ts'
import { configError } from '../supervisor/plan.ts'
import { ephemeralRange } from '../supervisor/ports/ports.ts'
import { usageError } from './errors.ts'
import type { UpRequest } from './upRequest.ts'

interface PlannedMember {
  /** Null for a standalone server without a `myid`. */
  id: number | null
  file: string
  text: string
  dataDir: string
  clientPort: number
}

interface Plan {
  members: PlannedMember[]
  problems: Problem[]
  /** Lines for people: ids that no `myid` gave and that an `up` would write. */
  notes: string[]
}

/** @throws OperationError with all problems at once, exit code 2, when the configs cannot be used. */
export async function planUp(request: UpRequest): Promise<Plan> {
  const plan = request.files.length > 0 ? await planOfFiles(request.files) : classicPlan(request)
  if (hasErrors(plan.problems)) throw configError(plan.problems)
  return plan
}

async function planOfFiles(files: string[]): Promise<Plan> {
  const { members, problems, inferences } = await loadEnsemble(files)
  return {
    members: members.map((config) => {
      const { sid, file, dataDir } = config
      return { id: sid, file, text: textOf(file), dataDir, clientPort: clientEndpoint(config).port }
    }),
    problems,
    notes: inferences.map(({ dataDir, sid }) => `would write the id ${sid} into ${join(dataDir, 'myid')}`),
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Among the problems already.
    return ''
  }
}

function classicPlan(request: UpRequest): Plan {
  if (request.autoPorts) {
    throw usageError(
      '--dry-run cannot tell the ports of --ports auto: they are chosen when the members start',
      'leave one of the two out',
    )
  }
  const { members, problems } = classicEnsemble({
    members: request.members ?? USUAL_MEMBERS,
    observers: request.observers,
    ...(request.basePort === null ? {} : { basePort: request.basePort }),
    dir: request.dir,
    set: request.settings,
    ephemeral: ephemeralRange(),
  })
  return {
    members: members.map(({ sid, file, text, config }) => {
      return { id: sid, file, text, dataDir: config.dataDir, clientPort: config.clientPort }
    }),
    problems,
    notes: [],
  }
}

/** Each file under its name, ready to be copied. */
export function planText({ members }: Plan): string {
  return members.map(({ file, text }) => `# ${file}\n${text.trimEnd()}\n`).join('\n')
}
