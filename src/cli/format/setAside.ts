/** Where the data lies that members had before a resync. */
import type { Verdict } from '../../api/api.ts'

/** Each path has a line of its own, so that it can be copied. */
export function setAsideText({ setAside = [] }: Verdict): string[] {
  return setAside.flatMap(({ member, paths }) =>
    paths.length === 0
      ? [`member ${member} had no data that could be set aside`]
      : [
          `the data that member ${member} had was set aside, and may be removed:`,
          ...paths.map((path) => `  ${path}`),
        ],
  )
}
