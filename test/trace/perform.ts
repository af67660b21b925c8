/** Plays a play with an arrangement and returns what was said. */

import { type Scene, type TraceContext, traceOf, traceText } from './normal/trace.ts'
import { type Arrangement, enginesOf, type Play } from './plays/play.ts'
import type { Fault } from './recording/proxy.ts'
import type { Recording } from './recording/recording.ts'
import { Stage } from './stage.ts'

export interface Performance {
  readonly recording: Recording
  readonly scenes: readonly Scene[]
  readonly context: TraceContext
}

/** @param fault changes frames in the proxy, to play members that are at fault */
export async function perform(
  play: Play,
  arrangement: Arrangement,
  fault: Fault | null = null,
): Promise<Performance> {
  const { observers, set } = play
  await using stage = await Stage.open({ engines: enginesOf(arrangement), observers, set })
  stage.proxy.fault = fault
  try {
    await play.act(stage)
  } catch (error) {
    const last = traceOf(stage.recording, stage).slice(-1)
    throw new Error(`${arrangement} got stuck: ${error}\n${traceText(last)}`, { cause: error })
  }
  const { recording, isApache, addresses } = stage
  const context = { isApache, addresses }
  return { recording, context, scenes: traceOf(recording, context) }
}
