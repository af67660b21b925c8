/**
 * The hunt for an input that a decoder cannot take. A decoder may give a value or one of its declared errors,
 * within a bounded time, and a value no larger than its bytes justify. What it gives is its signature: an
 * input whose signature is new has gone another way through the decoder, and joins the corpus of the next
 * round.
 */
import fc from 'fast-check'
import { KeeperError } from '../../src/protocol/errors.ts'
import { DecodeError } from '../../src/protocol/reader.ts'
import { StorageError } from '../../src/storage/errors.ts'
import { wrongBytes } from './mutations.ts'

export interface Decoder {
  readonly name: string
  /** Inputs that it takes, recorded from real conversations and files. */
  readonly corpus: readonly Buffer[]
  readonly decode: (bytes: Buffer) => unknown
  /** How many of a thousand inputs are for this one; 1 unless given. */
  readonly weight?: number
}

/** UnknownTransactionError is a DecodeError. */
const ALLOWED = [DecodeError, KeeperError, StorageError]
const ROUNDS = 4
/** Far beyond what any input here takes, pauses for garbage included. */
const MOST_MS = 2000

/** Numbers are left out: they differ with every input. */
function signatureOf(outcome: unknown): string {
  if (outcome instanceof Error) return `${outcome.name}: ${outcome.message.replace(/[\d.]+|"[^"]*"/g, '#')}`
  return shapeOf(outcome)
}

function shapeOf(value: unknown, depth = 0): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  if (Buffer.isBuffer(value)) return value.length === 0 ? 'empty' : 'bytes'
  if (Array.isArray(value)) {
    const few = value.slice(0, 3).map((item) => shapeOf(item, depth + 1))
    return `[${value.length === 0 ? '' : value.length > 3 ? 'many ' : ''}${few.join()}]`
  }
  if (depth > 4) return '{}'
  return `{${Object.entries(value)
    .map(([key, field]) => `${key}:${shapeOf(field, depth + 1)}`)
    .join()}}`
}

/** Items, characters and bytes in a value. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (value === null || typeof value !== 'object') return 1
  if (Buffer.isBuffer(value)) return value.length
  let weight = 1
  for (const field of Array.isArray(value) ? value : Object.values(value)) weight += weightOf(field)
  return weight
}

export interface Hunted {
  readonly inputs: number
  readonly values: number
  readonly signatures: number
  readonly ms: number
}

/** @throws what fast-check throws, with the seed and the shortest input that it found */
export function hunt({ name, corpus, decode }: Decoder, runs: number, seed: number): Hunted {
  if (corpus.length === 0) throw new Error(`${name} has nothing recorded to begin with`)
  const signatures = new Map<string, Buffer>()
  let inputs = 0
  let values = 0
  const attempt = (bytes: Buffer): unknown => {
    inputs += 1
    const startMs = performance.now()
    let outcome: unknown
    try {
      outcome = decode(bytes)
      values += 1
    } catch (error) {
      if (!ALLOWED.some((allowed) => error instanceof allowed)) throw failure(error, bytes)
      outcome = error
    }
    const ms = performance.now() - startMs
    if (ms > MOST_MS) throw failure(new Error(`takes ${Math.round(ms)} ms`), bytes)
    return outcome
  }
  const failure = (error: unknown, bytes: Buffer): Error => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return new Error(`${name} of ${bytes.length} bytes ${bytes.toString('hex').slice(0, 4000)}: ${what}`)
  }
  const startMs = performance.now()
  for (const bytes of corpus) {
    const outcome = attempt(bytes)
    if (outcome instanceof Error) throw failure(outcome, bytes)
    signatures.set(signatureOf(outcome), bytes)
  }
  for (let round = 0; round < ROUNDS; round++) {
    // Frozen for the round, so that a failure shrinks over the inputs that it was found with.
    const known = [...corpus, ...signatures.values()]
    const found = new Map<string, Buffer>()
    fc.assert(
      fc.property(wrongBytes(known), (bytes) => {
        const signature = signatureOf(attempt(bytes))
        if (!signatures.has(signature) && !found.has(signature)) found.set(signature, Buffer.from(bytes))
      }),
      { numRuns: Math.ceil(runs / ROUNDS), seed: seed + round },
    )
    for (const [signature, bytes] of found) signatures.set(signature, bytes)
  }
  return { inputs, values, signatures: signatures.size, ms: performance.now() - startMs }
}
