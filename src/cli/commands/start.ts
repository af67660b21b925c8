import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'start',
  summary: 'start members that are down',
  description:
    'Starts members that are down, with the same id, ports and data. Returns when they serve. With --resync a member that refuses its data, or has lost some, gets everything from the leader: its version-2 folders get another name, which is printed, and its id stays. That takes a quorum of the others that serves; several members are done one after the other.',
  waitingFor: 'waiting for the members to catch up',
  examples: [
    ['zk-pseudo start 1', 'the member with id 1'],
    ['zk-pseudo start all', 'every member that is down'],
    ['zk-pseudo start 1 --resync', 'member 1, with what the leader has instead of its own data'],
  ],
})
