/**
 * The certificate of one port: read from files, tried, watched, and replaced when the files change, without a word to
 * the sessions that are open.
 *
 *  - What cannot be used never replaces what can: a file that is half written, or a key that does not fit, is told
 *    once, tried again at every look, and the old certificate stays.
 *  - An expired certificate is served, and told: whoever must reach the server in spite of it can.
 *
 * Not here: what a file must hold (certificate-material.ts), and sockets (certificate-handshakes.ts).
 */
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { type Clock, isCodedError } from '../base/base.ts'
import type { CertificateDetails } from './certificate-details.ts'
import { daysLeft, ExpirySteps } from './certificate-expiry.ts'
import type { CertificateFiles } from './certificate-files.ts'
import {
  CertificateHandshakes,
  type ClientCertificateMode,
  type HandshakeStats,
} from './certificate-handshakes.ts'
import {
  type CertificateMaterial,
  type CertificateSource,
  readMaterial,
  secureContextOptions,
} from './certificate-material.ts'

export interface CertificateOptions {
  readonly source: CertificateSource
  readonly clientCertificate: ClientCertificateMode
  /** How long a handshake may take in all. */
  readonly handshakeMsMax: number
  /** The group of options that it comes from, for messages: `ports.log.tls`. */
  readonly option: string
}

export interface CertificateSurroundings {
  readonly files: CertificateFiles
  readonly clock: Clock
  /** What an operator should know. Called from `open` as well. */
  readonly event: (event: CertificateEvent) => void
}

export interface CertificateEvent {
  readonly kind: 'replaced' | 'unusable' | 'notYetValid' | 'expiring' | 'expired'
  readonly level: 'INFO' | 'WARN' | 'ERROR'
  /** One sentence. */
  readonly message: string
  /** The certificate in use after it. */
  readonly details: CertificateDetails
}

export interface CertificateStats extends CertificateDetails {
  /** How often changed files were taken over since the start. */
  readonly replacements: number
  /** Why the files as they are now cannot be used, or null. The certificate in use is an older one then. */
  readonly problem: string | null
  readonly handshakes: HandshakeStats
}

/** How often the files are looked at. */
export const CERTIFICATE_LOOK_MS = 5000

export class Certificate {
  readonly #options: CertificateOptions
  readonly #around: CertificateSurroundings
  readonly #handshakes: CertificateHandshakes
  readonly #expirySteps = new ExpirySteps()
  #material: CertificateMaterial
  #stamps: string
  #problem: string | null = null
  #replacements = 0
  #look: Promise<void> | null = null
  #stopTimer: () => void = () => {}
  #isClosed = false

  private constructor(
    options: CertificateOptions,
    around: CertificateSurroundings,
    material: CertificateMaterial,
    stamps: string,
  ) {
    this.#options = options
    this.#around = around
    this.#material = material
    this.#stamps = stamps
    const { clientCertificate, handshakeMsMax: msMax } = options
    const context = secureContextOptions(material)
    this.#handshakes = new CertificateHandshakes(context, { clientCertificate, msMax }, around.clock)
    this.#tellValidity()
    this.#tellExpiry()
    this.#watch()
  }

  /** Reads and tries the files, and watches them until `close`. CERTIFICATE_UNUSABLE. */
  static async open(options: CertificateOptions, around: CertificateSurroundings): Promise<Certificate> {
    const stamps = await stampsOf(options.source, around.files)
    return new Certificate(options, around, await readMaterial(options.source, around.files), stamps)
  }

  /** The one in use. */
  get details(): CertificateDetails {
    return this.#material.details
  }

  stats(): CertificateStats {
    return {
      ...this.details,
      replacements: this.#replacements,
      problem: this.#problem,
      handshakes: this.#handshakes.stats(),
    }
  }

  /**
   * Takes over a paused socket whose first bytes of the handshake are still to be read (`unshift` gives them back).
   * Resolves after the handshake with what is inside; rejects, with the socket destroyed, when it fails.
   */
  accept(stream: Duplex): Promise<TLSSocket> {
    return this.#handshakes.accept(stream)
  }

  /** Looks at the files and the calendar now. The timer does the same; whoever waits for an answer calls it. */
  look(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = null
    })
    return this.#look
  }

  /** Ends the watching. Sessions that are open go on. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer()
  }

  #watch(): void {
    if (this.#isClosed) return
    this.#stopTimer = this.#around.clock.after(CERTIFICATE_LOOK_MS, () => {
      void this.look().then(() => this.#watch())
    })
  }

  async #lookOnce(): Promise<void> {
    const stamps = await stampsOf(this.#options.source, this.#around.files)
    // Stamps are taken before reading: what is written meanwhile makes a difference at the next look.
    if (stamps !== this.#stamps || this.#problem !== null) await this.#readAgain(stamps)
    if (!this.#isClosed) this.#tellExpiry()
  }

  async #readAgain(stamps: string): Promise<void> {
    try {
      const material = await readMaterial(this.#options.source, this.#around.files)
      if (this.#isClosed) return
      this.#stamps = stamps
      this.#replace(material)
    } catch (error) {
      if (!isCodedError(error, 'CERTIFICATE_UNUSABLE')) throw error
      // Files that change while they are read are looked at again, not complained of.
      const areSettled = stamps === (await stampsOf(this.#options.source, this.#around.files))
      if (areSettled && !this.#isClosed) this.#tellProblem(error.message)
    }
  }

  #replace(material: CertificateMaterial): void {
    const isOther = !hasSamePem(material, this.#material)
    const wasUnusable = this.#problem !== null
    this.#problem = null
    if (isOther) {
      this.#handshakes.replaceContext(secureContextOptions(material))
      this.#material = material
      this.#replacements++
    }
    if (isOther || wasUnusable) this.#tell('replaced', 'INFO', 'the files on disk are in use')
    if (isOther) this.#tellValidity()
  }

  #tellProblem(problem: string): void {
    if (problem === this.#problem) return
    this.#problem = problem
    this.#tell('unusable', 'ERROR', `the old certificate stays in use: ${problem}`)
  }

  #tellValidity(): void {
    const { validFromMs } = this.details
    if (validFromMs <= this.#around.clock.wallMs()) return
    this.#tell('notYetValid', 'WARN', `valid only from ${dateText(validFromMs)}: clients will refuse it`)
  }

  #tellExpiry(): void {
    const { fingerprint, expiresMs } = this.details
    const nowMs = this.#around.clock.wallMs()
    const step = this.#expirySteps.next(fingerprint, expiresMs, nowMs)
    if (step === null) return
    if (step === 0) {
      this.#tell('expired', 'ERROR', `expired on ${dateText(expiresMs)}: clients refuse it, renew it`)
      return
    }
    const days = daysLeft(expiresMs, nowMs)
    const left = days === 0 ? 'in less than a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`
    this.#tell('expiring', 'WARN', `expires ${left}, on ${dateText(expiresMs)}: renew it`)
  }

  #tell(kind: CertificateEvent['kind'], level: CertificateEvent['level'], what: string): void {
    const { details } = this
    const whose = details.subject === '' ? details.fingerprint : details.subject
    this.#around.event({ kind, level, message: `${this.#options.option} (${whose}): ${what}`, details })
  }
}

async function stampsOf(
  { cert, key, clientCa }: CertificateSource,
  files: CertificateFiles,
): Promise<string> {
  const paths = [cert, 'file' in key ? key.file : undefined, clientCa].filter((path) => path !== undefined)
  return (await Promise.all(paths.map((path) => files.stamp(path)))).join('\n')
}

function hasSamePem({ pem: a }: CertificateMaterial, { pem: b }: CertificateMaterial): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa
}

function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
