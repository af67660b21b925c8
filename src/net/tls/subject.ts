/**
 * The subject of a certificate as Java's X500Principal.getName() writes it (RFC 2253, sun.security.x509.AVA).
 * This is the id of the scheme `x509`, which people put into their ACLs. Verified against OpenJDK 17.
 */
import { type DerValue, derValue, oidOf, partsOf, Tag } from './der.ts'

/** The attributes that RFC 2253 has names for. Others are written as a number and bytes. */
const NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
}

/** The kinds of strings by tag, and how their bytes are read. */
const STRINGS: Readonly<Record<number, (bytes: Buffer) => string>> = {
  12: (bytes) => bytes.toString('utf8'),
  19: (bytes) => bytes.toString('latin1'),
  20: (bytes) => bytes.toString('latin1'),
  22: (bytes) => bytes.toString('latin1'),
  27: (bytes) => bytes.toString('latin1'),
  30: (bytes) =>
    Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le'),
}

/** @param certificate in DER @throws DerError */
export function subjectOf(certificate: Buffer): string {
  const [body] = partsOf(derValue(certificate, Tag.sequence))
  const fields = partsOf(body)
  // The version, [0], is optional. It is followed by serialNumber, signature, issuer, validity and subject.
  return nameText(fields[fields[0]?.tag === 0xa0 ? 5 : 4])
}

/** The text of an RDNSequence. The last one is written first. */
export function nameText(name: DerValue | undefined): string {
  return partsOf(name)
    .reverse()
    .map((rdn) => partsOf(rdn).map(attributeText).join('+'))
    .join(',')
}

function attributeText(attribute: DerValue): string {
  const [type, value] = partsOf(attribute)
  const oid = oidOf(type)
  const name = NAMES[oid]
  const read = value === undefined ? undefined : STRINGS[value.tag]
  if (name === undefined || read === undefined || value === undefined)
    return `${name ?? oid}=#${value?.encoded.toString('hex') ?? ''}`
  return `${name}=${escaped(read(value.content))}`
}

function escaped(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^ +| +$/g, (blanks) => '\\ '.repeat(blanks.length))
}
