import type { ClusterEvent } from '../../api/api.ts'
import { defineCommand } from '../command.ts'
import { isTold, parseEventTypes } from '../eventTypes.ts'
import { eventLine } from '../format/event.ts'
import { clockText } from '../format/words.ts'
import { wrap } from '../format/wrap.ts'
import { membersNamed } from '../memberNames.ts'
import { type ClusterOptions, clusterOptions, parseMoment } from '../options.ts'
import type { Output } from '../output.ts'
import { noteEnding, openToRead } from '../readCluster.ts'

interface EventsOptions extends ClusterOptions {
  follow?: boolean
  relative?: boolean
  all?: boolean
  since?: Since
  type?: Set<string>
  member?: string[]
}

type Since = { seq: number } | { at: number }

export const command = defineCommand<EventsOptions>({
  name: 'events',
  summary: 'print elections, syncs, sessions, faults, votes',
  description:
    'Prints what happened, by time: elections, syncs, sessions, faults. Votes and debug lines are left out unless they are asked for (--all, --type); --json has everything, in the order in which it was heard. Of a cluster that is down it prints what its folder holds.',
  options: [
    { flags: '-f, --follow', description: 'go on as things happen' },
    { flags: '-a, --all', description: 'votes and debug lines, too' },
    {
      flags: '--type <types>',
      description: 'only these, such as elected,sync; vote, session or member for all that begin so',
      parse: parseEventTypes,
    },
    {
      flags: '--member <members>',
      description: 'only of these members, such as 0,1 or leader',
      parse: (text, previous) => [...((previous as string[] | undefined) ?? []), text],
      complete: 'member',
    },
    { flags: '--relative', description: 'times as seconds since the first event shown' },
    {
      flags: '--since <when>',
      description:
        'not what is older: 5m, 14:03, 2026-12-01T14:03:07, or the number of an event (seq in --json)',
      parse: parseSince,
    },
    ...clusterOptions,
    { flags: '--json', description: 'print JSON lines' },
  ],
  examples: [
    ['zk-pseudo events -f', 'then, elsewhere: zk-pseudo kill leader'],
    ['zk-pseudo events --all --relative', 'every vote, with the time since the first'],
    ['zk-pseudo events --type elected,member --member 1', 'what became of member 1'],
    [`zk-pseudo events --json | jq -c 'select(.event.type == "elected")'`, ''],
  ],
  async run(_args, options, output) {
    const cluster = await openToRead(options, output)
    const { connection } = cluster
    const named = options.member ?? []
    const members = named.length === 0 ? undefined : membersNamed(named, await connection.cluster())
    await noteEnding(cluster, output)
    const isWanted = choice(options, members, output.json)
    const print = printer(options, output)
    const asked = { all: options.all === true, signal: output.closed }
    let seq = options.since !== undefined && 'seq' in options.since ? options.since.seq : 0
    const past: ClusterEvent[] = []
    for await (const event of connection.events({ since: seq, follow: false, ...asked })) {
      seq = event.seq
      if (isWanted(event)) past.push(event)
    }
    // Members report an event after it happened, so events do not always arrive in their order.
    if (!output.json) past.sort((a, b) => a.at - b.at)
    for (const event of past) print(event)
    if (!options.follow || cluster.ending !== null) return undefined
    for await (const event of connection.events({ since: seq, follow: true, ...asked })) {
      if (isWanted(event)) print(event)
    }
    return undefined
  },
})

function choice(
  { type, all, since }: EventsOptions,
  members: readonly number[] | undefined,
  json: boolean,
): (event: ClusterEvent) => boolean {
  const isTypeWanted = (event: ClusterEvent) => type?.has(event.event.type) ?? (all || json || isTold(event))
  const sinceMs = since !== undefined && 'at' in since ? since.at : 0
  return (event) => {
    const isOfMember = members === undefined || (event.member !== null && members.includes(event.member))
    return event.at >= sinceMs && isOfMember && isTypeWanted(event)
  }
}

function printer({ relative }: EventsOptions, output: Output): (event: ClusterEvent) => void {
  let first: number | null = null
  return (event) => {
    if (output.json) return output.document(event)
    first ??= event.at
    const when = relative ? relativeText(event.at - first) : clockText(event.at)
    const line = eventLine(event, when, output.paint)
    output.print(wrap(line, output.tableColumns, when.length + '  all  '.length).join('\n'))
  }
}

function parseSince(text: string): Since {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
    ? { seq: Number(text) }
    : { at: parseMoment('--since')(text) }
}

function relativeText(ms: number): string {
  return `+${(ms / 1000).toFixed(3)}`.padStart(10)
}
