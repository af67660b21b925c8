/**
 * Finds paths in zoo.cfg that do not mean what their author probably meant. Pure.
 *
 * ZooKeeper takes a path literally: it expands no ~ and no variables, and strips no quotes. So `dataDir=~/zk`
 * makes a folder named ~ in the current folder, and the data is not where people look for it.
 */

import { type Problem, problem } from '../problem.ts'
import type { Settings } from '../settings/settings.ts'
import { ROWS } from '../settings/table.ts'

const PATH_KEYS = ROWS.filter(({ kind }) => kind === 'path').map(({ key }) => key)

const LITERALLY = 'is taken literally, and'

/** One problem for each path that is not plain. */
export function checkPaths(settings: Settings, platform: NodeJS.Platform = process.platform): Problem[] {
  return PATH_KEYS.flatMap((key) => {
    const value = settings.written(key)
    const slip = value === null ? null : slipIn(value, platform)
    if (slip === null) return []
    const message = `${key} ${value} ${LITERALLY} ${slip.meaning}`
    return [problem('error', settings.at(key), message, slip.hint)]
  })
}

/** Whether a problem is one of these, which are no obstacle in the config of another machine. */
export function isPathSlip({ message }: Problem): boolean {
  return message.includes(` ${LITERALLY} `)
}

/** What was probably meant instead; null for a plain path. */
export function slipIn(
  value: string,
  platform: NodeJS.Platform = process.platform,
): { meaning: string; hint: string } | null {
  const [first = ''] = value
  if (/["'`]/.test(first) || /["']$/.test(value)) {
    const bare = value.replace(/^["'`]+|["'`]+$/g, '')
    return { meaning: 'the quotes are part of the name', hint: `write ${bare} without quotes` }
  }
  if (/^~[\w.-]*(\/|\\|$)/.test(value)) {
    return { meaning: '~ is no home folder here', hint: 'write the whole path, such as /home/you/zookeeper' }
  }
  const variable = /\$\{[^}]*\}?|\$\([^)]*\)?|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|\{\{.*\}\}|^<.*>$/.exec(
    value,
  )?.[0]
  if (variable !== undefined) {
    const meaning = `nothing is put in place of ${variable}`
    return { meaning, hint: 'write the path itself, or fill the template in first' }
  }
  if (platform !== 'win32' && /^([A-Za-z]:|\.{0,2}\\)/.test(value)) {
    return {
      meaning: 'it is a path of Windows',
      hint: 'write a path of this system, such as /var/lib/zookeeper',
    }
  }
  if (/^[A-Za-z][\w+.-]+:\/\//.test(value) || /^file:/i.test(value)) {
    return { meaning: 'it is a URL', hint: `write the path alone, ${value.replace(/^\w+:\/*/, '/')}` }
  }
  return null
}
