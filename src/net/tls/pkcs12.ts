/**
 * Reads the certificates of a PKCS#12 trust store (RFC 7292) as keytool makes them, because node:tls takes
 * such files only for a key and its certificate. The encryption is PBES2 with AES, which keytool uses since
 * JDK 8u301 and 11.0.12.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { DerError, type DerValue, derValue, derValues, integerOf, oidOf, partsOf, Tag } from './der.ts'

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const CERT_BAG = '1.2.840.113549.1.12.10.1.3'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const PBES2 = '1.2.840.113549.1.5.13'
const CIPHERS: Readonly<Record<string, { name: string; keyLength: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32 },
}
const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** The certificates in DER. @throws DerError, or Node's own error for a wrong password */
export function certificatesOf(store: Buffer, password: string): Buffer[] {
  const [, authSafe] = partsOf(derValue(store, Tag.sequence))
  return partsOf(derValue(contentOf(authSafe, password), Tag.sequence)).flatMap((part) =>
    partsOf(derValue(contentOf(part, password), Tag.sequence)).flatMap(certificateOf),
  )
}

/** A ContentInfo's bytes, decrypted if needed. Kinds that hold no certificates become empty sequences. */
function contentOf(info: DerValue | undefined, password: string): Buffer {
  const [type, explicit] = partsOf(info)
  const [content] = partsOf(explicit)
  const kind = oidOf(type)
  if (kind === DATA && content !== undefined) return content.content
  if (kind === ENCRYPTED_DATA) return decrypted(partsOf(content)[1], password)
  return Buffer.from([Tag.sequence, 0])
}

function decrypted(info: DerValue | undefined, password: string): Buffer {
  const [, algorithm, encrypted] = partsOf(info)
  const [scheme, parameters] = partsOf(algorithm)
  if (oidOf(scheme) !== PBES2)
    throw new DerError(
      'it is encrypted in an old way; make it again with a recent keytool, or give a PEM file',
    )
  const [derivation, encryption] = partsOf(parameters)
  const [salt, iterations, ...more] = partsOf(partsOf(derivation)[1])
  const hash = more.find(({ tag }) => tag === Tag.sequence)
  const digest = hash === undefined ? 'sha1' : HASHES[oidOf(partsOf(hash)[0])]
  const [cipherId, iv] = partsOf(encryption)
  const cipher = CIPHERS[oidOf(cipherId)]
  if (cipher === undefined || digest === undefined || salt === undefined || iv === undefined)
    throw new DerError('it is encrypted in a way that is not known here')
  const key = pbkdf2Sync(password, salt.content, integerOf(iterations), cipher.keyLength, digest)
  const decipher = createDecipheriv(cipher.name, key, iv.content)
  const bytes = bytesOf(encrypted)
  return Buffer.concat([decipher.update(bytes), decipher.final()])
}

/** The bytes of a [0] IMPLICIT OCTET STRING, which is in one piece or in several. */
function bytesOf(value: DerValue | undefined): Buffer {
  if (value === undefined) throw new DerError('the encrypted content is missing')
  if (value.tag === 0x80) return value.content
  return Buffer.concat(derValues(value.content).map(({ content }) => content))
}

function certificateOf(bag: DerValue): Buffer[] {
  const [kind, explicit] = partsOf(bag)
  if (oidOf(kind) !== CERT_BAG) return []
  const [type, value] = partsOf(partsOf(explicit)[0])
  if (oidOf(type) !== X509_CERTIFICATE) return []
  const [octets] = partsOf(value)
  return octets === undefined ? [] : [octets.content]
}
