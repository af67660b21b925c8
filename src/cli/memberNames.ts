/**
 * Members as `logs` and `events` name them: by id, server.1, client port, or as the leader; other roles name
 * no member.
 */
import type { ClusterInfo } from '../api/api.ts'
import { nearest, usageError } from './errors.ts'
import { membersText } from './format/words.ts'

/** `1 2`, `1,2` and `server.1 leader` alike; undefined for no word at all. @throws a usage error */
export function membersNamed(words: readonly string[], cluster: ClusterInfo): number[] | undefined {
  const each = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  if (each.length === 0) return undefined
  return [...new Set(each.map((word) => memberNamed(word, cluster)))]
}

function memberNamed(word: string, cluster: ClusterInfo): number {
  if (word === 'leader') {
    if (cluster.leader !== null) return cluster.leader
    throw usageError('there is no leader now', 'name the member by its id; zk-pseudo ps shows them')
  }
  const number = /^(?:server\.)?(\d+)$/.exec(word)?.[1]
  const found = cluster.members.find(({ id, clientPort, secureClientPort }) => {
    return (
      number !== undefined &&
      (id === Number(number) || (number === word && (clientPort ?? secureClientPort) === Number(number)))
    )
  })
  if (found) return found.id
  const ids = cluster.members.map((member) => member.id)
  const meant = nearest(word, ['leader'])
  throw usageError(
    `"${word}" is no member of ${cluster.name}`,
    `${meant === null ? '' : `did you mean ${meant}? `}it has ${membersText(ids)}`,
  )
}
