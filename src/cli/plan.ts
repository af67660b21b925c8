/** `up --dry-run`: the configs that an `up` would use, and everything that is wrong with them. Touches nothing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { classicEnsemble } from '../config/classic.ts'
import { loadEnsemble } from '../config/load.ts'
import { formatProblem, hasErrors, type Problem } from '../config/problem.ts'
import { exitCodes, OperationError, usageError } from './errors.ts'
import { countText } from './format/words.ts'
import { type UpRequest, usualMembers } from './upRequest.ts'

export interface PlannedMember {
  /** Null for a standalone server without a `myid`. */
  id: number | null
  file: string
  text: string
  dataDir: string
  clientPort: number
}

export interface Plan {
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

export function configError(problems: readonly Problem[]): OperationError {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const message = `nothing was started: the configs have ${countText(errors, 'error')}`
  return new OperationError('BAD_CONFIG', message, problems.map(formatProblem).join('\n'), exitCodes.usage)
}

async function planOfFiles(files: string[]): Promise<Plan> {
  const { members, problems, inferences } = await loadEnsemble(files)
  return {
    members: members.map(({ sid, file, dataDir, clientPort }) => {
      return { id: sid, file, text: textOf(file), dataDir, clientPort }
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
    members: request.members ?? usualMembers,
    observers: request.observers,
    ...(request.basePort === null ? {} : { basePort: request.basePort }),
    dir: request.dir,
    set: request.settings,
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
