/**
 * A zxid orders every transaction: the high 32 bits are the epoch of the leader that proposed it, the low 32
 * bits a counter that starts at 1 in each epoch. This file alone knows that a zxid is held in a JavaScript
 * number: 53 bits, exact for epochs below 2^21. An ensemble that elects a leader every second reaches that
 * epoch after 24 days, and its next election is then refused with an error (docs/divergence.md).
 */
export type Zxid = number & { readonly __brand: 'Zxid' }

/** An epoch: an int32 in files and packets, one per established leader. */
export type Epoch = number

const COUNTER_RANGE = 0x1_0000_0000

/** The counter value that ends an epoch: the leader steps down and the next epoch starts (ZOOKEEPER-1277). */
export const MAX_COUNTER = 0xffff_ffff
export const MAX_EPOCH = 0x1f_ffff

/** The zxid that belongs to no transaction: an empty history. */
export const ZERO_ZXID = 0 as Zxid
/** Marks "no zxid" in packets and notifications. */
export const NO_ZXID = -1 as Zxid

export function makeZxid(epoch: Epoch, counter: number): Zxid {
  if (epoch > MAX_EPOCH)
    throw new RangeError(`epoch ${epoch} is beyond ${MAX_EPOCH}, the last this version can hold`)
  return (epoch * COUNTER_RANGE + counter) as Zxid
}

export function epochOf(zxid: Zxid): Epoch {
  return Math.floor(zxid / COUNTER_RANGE)
}

export function counterOf(zxid: Zxid): number {
  return zxid >>> 0
}

/**
 * Whether a transaction may have this zxid: its epoch must be one that this version can hold, and its counter
 * greater than 0.
 */
export function isZxid(zxid: Zxid): boolean {
  return zxid > 0 && epochOf(zxid) <= MAX_EPOCH && counterOf(zxid) !== 0
}

/** The zxid that follows in the same epoch. The caller checks for the end of the counter first. */
export function nextZxid(zxid: Zxid): Zxid {
  return (zxid + 1) as Zxid
}

/**
 * A history contains every transaction, failed ones too: zxids leave no gap, and the counter of an epoch's
 * first transaction is 1.
 */
export function follows(previous: Zxid, next: Zxid): boolean {
  return epochOf(next) === epochOf(previous)
    ? next === previous + 1
    : next > previous && counterOf(next) === 1
}

/** As Apache prints it: `0x100000009`. */
export function formatZxid(zxid: Zxid): string {
  return zxid < 0 ? '0xffffffffffffffff' : `0x${zxid.toString(16)}`
}

/** As file names contain it: `100000009`. */
export function zxidHex(zxid: Zxid): string {
  return zxid.toString(16)
}

export function parseZxidHex(hex: string): Zxid | null {
  if (!/^[0-9a-f]{1,16}$/i.test(hex)) return null
  const value = Number.parseInt(hex, 16)
  return Number.isSafeInteger(value) ? (value as Zxid) : null
}
