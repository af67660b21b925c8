import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'start',
  summary: 'start members that are down',
  description: 'Starts members that are down, with the same id, ports and data. Returns when they serve.',
  waitingFor: 'waiting for the members to catch up',
  examples: [
    ['zk-pseudo start 1', 'the member with id 1'],
    ['zk-pseudo start all', 'every member that is down'],
  ],
})
