import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'restart',
  summary: 'stop members gracefully and start them again',
  description: 'Stops members gracefully and starts them again, with the same id, ports and data.',
  waitingFor: 'waiting for the members to come back',
  examples: [
    ['zk-pseudo restart 1', 'the member with id 1'],
    ['zk-pseudo restart leader', 'make another member lead, and the old leader follow'],
  ],
})
