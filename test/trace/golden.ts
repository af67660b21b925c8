/** Apache's traces as they were recorded, one for each play. */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseTrace, type Scene, traceText } from './normal/trace.ts'
import { catchUp } from './plays/catchUp.ts'
import { life } from './plays/life.ts'
import { outstanding } from './plays/outstanding.ts'
import type { Arrangement, Play } from './plays/play.ts'
import { reconfigured } from './plays/reconfigured.ts'

export const plays: readonly Play[] = [life, catchUp, outstanding, reconfigured]

export const allOf = (engine: 'A' | 'Z', { members }: Play): Arrangement => engine.repeat(members)

const fileOf = ({ name }: Play) => new URL(`./golden/${name}.txt`, import.meta.url)

export function readGolden(play: Play): Scene[] {
  return parseTrace(readFileSync(fileOf(play), 'utf8'))
}

export function writeGolden(play: Play, scenes: readonly Scene[]): void {
  writeFileSync(fileOf(play), traceText(scenes))
}
