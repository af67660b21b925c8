import { actionCommand } from '../action.ts'

export const command = actionCommand({
  verb: 'stop',
  summary: 'stop members gracefully; tell who takes over',
  description:
    'Stops members gracefully: connections are closed and files are flushed. Returns when their ports are free and the ensemble has settled.',
  waitingFor: 'waiting for the ensemble to settle',
  examples: [
    ['zk-pseudo stop 2', 'the member with id 2'],
    ['zk-pseudo stop leader', 'whoever leads now'],
  ],
})
