/**
 * What happens when this process ends without having closed its ensembles: by `process.exit`, an uncaught
 * error, or because nothing else keeps it running. All of it is synchronous. There is one handler for all,
 * because Node warns of many.
 */

const actions = new Set<() => void>()

function runAll(): void {
  // In reverse order: members end before their folder is removed.
  for (const action of [...actions].reverse()) {
    try {
      action()
    } catch {
      // An error is ignored, because the process ends and the other handlers must still run.
    }
  }
  actions.clear()
}

/** @returns a function that removes the handler */
export function atExit(action: () => void): () => void {
  if (actions.size === 0) process.once('exit', runAll)
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) process.off('exit', runAll)
  }
}
