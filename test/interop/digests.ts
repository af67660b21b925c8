/**
 * Whether the members' trees are the same by their digests: what their logs say, Apache's counter
 * (DataTree.compareDigest), and the digests that Apache's `hash` remembers of every 128th zxid compared with
 * what each disk gives there.
 */
import { ask } from '../support/fourLetterWord.ts'
import type { MixedEnsemble } from './mixedEnsemble.ts'

const APACHE_SAYS = /Digests are not matching|digest mismatch/
const OURS_SAY = /digests do not match|the tree's digest at/

/** Records of a member's log that report digests that differ. */
export function digestComplaints(ensemble: MixedEnsemble, id: number): string[] {
  const says = ensemble.member(id).engine === 'apache' ? APACHE_SAYS : OURS_SAY
  return ensemble
    .logLines(id)
    .filter(({ message }) => says.test(message))
    .map(({ text }) => text)
}

/** `digest_mismatches_count` of an Apache member. */
export async function mismatchesOf(ensemble: MixedEnsemble, id: number): Promise<number> {
  const answer = await ask(ensemble.member(id).clientPort, 'mntr')
  const count = /^zk_digest_mismatches_count\s+(\d+)/m.exec(answer)?.[1]
  if (count === undefined) throw new Error(`${ensemble.nameOf(id)} has no digest_mismatches_count`)
  return Number(count)
}

/**
 * The digests that an Apache member remembers, by zxid: each line is `zxid in hexadecimal: digest`
 * (DigestCommand).
 */
export async function rememberedBy(ensemble: MixedEnsemble, id: number): Promise<Map<number, bigint>> {
  const answer = await ask(ensemble.member(id).clientPort, 'hash')
  const lines = [...answer.matchAll(/^([0-9a-f]+): (-?\d+)$/gm)]
  return new Map(lines.map(([, zxid = '', digest = '']) => [Number.parseInt(zxid, 16), BigInt(digest)]))
}
