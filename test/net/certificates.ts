/** Certificates and key stores for tests, made with the installed openssl and keytool. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { works } from '../support/programs.ts'

/** Why no certificates can be made here; undefined when they can be made. */
export function opensslMissing(): string | undefined {
  return works('openssl', ['version']) ? undefined : 'openssl is not installed'
}

export function keytoolMissing(): string | undefined {
  return works('keytool', ['-help']) ? undefined : 'keytool is not installed'
}

export const PASSWORD = 'changeit'

export interface Identity {
  /** One PEM file with the key and the certificate, as Apache requires it. */
  readonly pem: string
  /** The same as PKCS#12, with the password PASSWORD. */
  readonly p12: string
  readonly certificate: string
}

/** A certificate authority and the certificates that it signs, in a folder of their own. */
export class Authority {
  readonly certificate: string
  private readonly dir: string
  private readonly name: string

  constructor(dir: string, name: string) {
    this.dir = dir
    this.name = name
    this.certificate = join(dir, `${name}-ca.pem`)
    this.openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      this.key,
      '-out',
      this.certificate,
      '-subj',
      `/CN=${name}`,
    )
  }

  private get key(): string {
    return join(this.dir, `${this.name}-ca.key`)
  }

  /** @param subject in the form of openssl: `/O=Acme/CN=bob`, the outermost part first */
  issue(file: string, subject: string): Identity {
    const path = (suffix: string) => join(this.dir, `${file}${suffix}`)
    const [key, request, certificate, pem, p12] = ['.key', '.csr', '.crt', '.pem', '.p12'].map(path) as [
      string,
      string,
      string,
      string,
      string,
    ]
    this.openssl(
      'req',
      ...NEW_KEY,
      '-utf8',
      '-keyout',
      key,
      '-out',
      request,
      '-subj',
      subject,
      '-multivalue-rdn',
    )
    const signer = ['-CA', this.certificate, '-CAkey', this.key, '-CAcreateserial']
    this.openssl('x509', '-req', '-in', request, ...signer, '-out', certificate, '-days', '2')
    writeFileSync(pem, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'))
    this.openssl('pkcs12', '-export', '-in', pem, '-out', p12, '-passout', `pass:${PASSWORD}`, '-name', file)
    return { pem, p12, certificate }
  }

  /** A trust store as keytool makes it. */
  trustStore(file: string, type: 'PKCS12' | 'JKS' = 'PKCS12'): string {
    const path = join(this.dir, file)
    const store = ['-keystore', path, '-storepass', PASSWORD, '-storetype', type, '-noprompt']
    run('keytool', '-importcert', '-alias', 'ca', '-file', this.certificate, ...store)
    return path
  }

  private openssl(...args: string[]): void {
    run('openssl', ...args)
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
