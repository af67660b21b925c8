import { expect, test } from 'vitest'
import { Permission } from '../../src/protocol/opcodes.ts'
import { permits } from '../../src/tree/acl.ts'

const MANY = 30_000
const digest = {
  scheme: 'digest',
  isAuthenticated: true,
  isExact: true,
  isValid: () => true,
  matches: (id: string, aclId: string) => id === aclId,
}
const schemes = new Map([[digest.scheme, digest]])
const digestId = (id: string) => ({ scheme: 'digest', id })

test('an ACL of many entries is compared with the many ids of a client in one pass', () => {
  const acl = Array.from({ length: MANY }, (_, i) => ({ perms: Permission.read, id: digestId(`entry-${i}`) }))
  const strangers = Array.from({ length: MANY }, (_, i) => digestId(`held-${i}`))
  const begun = performance.now()
  for (let i = 0; i < 10; i++) expect(permits(acl, Permission.read, strangers, schemes)).toBe(false)
  // Each with each, nine thousand million comparisons would take a minute.
  expect(performance.now() - begun).toBeLessThan(5000)
  const known = [...strangers, digestId(`entry-${MANY - 1}`)]
  expect(permits(acl, Permission.read, known, schemes)).toBe(true)
  expect(permits(acl, Permission.write, known, schemes)).toBe(false)
})
