/**
 * Entry of a child process: one member. It ends when its member does, and at once when the supervisor is
 * gone: the channel between them closes with it, however it died.
 */
import { MemberMain } from './memberMain.ts'
import type { FromMember, ToMember } from './messages.ts'

const member = new MemberMain({
  send: (message: FromMember) => void process.send?.(message),
  block: () => {},
  // What was sent before is on its way when the channel has closed.
  done: () => process.disconnect(),
})

process.on('message', (message: ToMember) => member.receive(message))
process.on('disconnect', () => process.exit(0))
process.on('uncaughtException', (error) => member.crash(error))
process.on('unhandledRejection', (error) => member.crash(error))
// Ctrl-C in a terminal reaches the whole group; the supervisor alone decides.
process.on('SIGINT', () => {})
process.send?.({ kind: 'ready' } satisfies FromMember)
