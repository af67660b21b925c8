/**
 * What is to happen when this process ends without having closed its ensembles: by `process.exit`, an
 * uncaught error, or because nothing else holds it. All of it is synchronous. One handler for all: Node warns
 * of many.
 */

const actions = new Set<() => void>()

function runAll(): void {
  // The last first: members end before their folder goes.
  for (const action of [...actions].reverse()) {
    try {
      action()
    } catch {
      // The process ends; the others still have their turn.
    }
  }
  actions.clear()
}

/** @returns takes it back */
export function atExit(action: () => void): () => void {
  if (actions.size === 0) process.once('exit', runAll)
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) process.off('exit', runAll)
  }
}
