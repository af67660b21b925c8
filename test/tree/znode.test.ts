import { expect, test } from 'vitest'
import { isTtl, kindOf, MAX_TTL_MS, ttlOf, ttlOwner } from '../../src/tree/znode.ts'

const signed = (hex: bigint) => BigInt.asIntN(64, hex)

/** EphemeralType.get and EphemeralTypeEmulate353.get. */
test.each<[owner: bigint, none: string, since354: string, since353: string]>([
  [0n, 'persistent', 'persistent', 'persistent'],
  [0x100000fcc410000n, 'ephemeral', 'ephemeral', 'ephemeral'],
  [signed(0x8000000000000000n), 'container', 'container', 'container'],
  [signed(0xff00000000000001n), 'ephemeral', 'ttl', 'ttl'],
  [signed(0xff0000ffffffffffn), 'ephemeral', 'ttl', 'ttl'],
  // Sessions of servers with ids above 127, and above 254.
  [signed(0xfe000000fcc41000n), 'ephemeral', 'ephemeral', 'ttl'],
  [signed(0xff00010000000001n), 'ephemeral', 'ephemeral', 'ttl'],
  [signed(0x8000000000000001n), 'ephemeral', 'ephemeral', 'ttl'],
])('an owner of %d', (owner, ...kinds) => {
  const rules = ['none', 'since354', 'since353'] as const
  expect(rules.map((rule) => kindOf(owner, rule))).toEqual(kinds)
})

test('a TTL comes back from its owner', () => {
  for (const ttlMs of [1, 1000, MAX_TTL_MS])
    expect([isTtl(ttlMs), ttlOf(ttlOwner(ttlMs))]).toEqual([true, ttlMs])
  expect([0, -1, MAX_TTL_MS + 1].map(isTtl)).toEqual([false, false, false])
})
