/** The certificate of each port that has one: there, readable, of this key, with names, and for how long. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { messageOf } from '../../base/base.ts'
import { PORT_NAMES, type PortName } from '../../config/config.ts'
import { fileProblem } from '../file-problem.ts'
import { count } from '../plural.ts'
import { type Check, type Finding, ok, type Patient, problem, warning } from './check.ts'

const DAY_MS = 86_400_000
const SOON_DAYS = 21

export const certificatesCheck: Check = {
  name: 'certificates',
  async look(patient) {
    const findings: Finding[] = []
    for (const name of PORT_NAMES) findings.push(...(await lookAt(patient, name)))
    return findings.length === 0 ? [ok('no port has one')] : findings
  },
}

async function lookAt({ config, machine, io }: Patient, name: PortName): Promise<Finding[]> {
  const { cert, key } = config.ports[name].tls
  if (cert === undefined || key === undefined) return []
  const shown = `${name}, ${cert}`
  const read = await machine
    .readText(cert)
    .catch((error: unknown) => new Unreadable(fileProblem(cert, error)))
  if (read instanceof Unreadable) return [problem(`${name}, ${read.reason}`, `See ports.${name}.tls.cert.`)]
  const certificate = parseCertificate(read)
  if (typeof certificate === 'string') {
    return [problem(`${shown} is no certificate in PEM: ${certificate}`, `See ports.${name}.tls.cert.`)]
  }
  return [
    validity(shown, certificate, io.clock.wallMs()),
    names(shown, certificate),
    fit(shown, certificate, key.reveal()),
  ]
}

class Unreadable {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** The first one of the file; those behind it are its chain. */
function parseCertificate(pem: string): X509Certificate | string {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    return messageOf(error)
  }
}

const RENEW = 'Renew it; `logcaster tls init` makes one of your own.'

function validity(shown: string, certificate: X509Certificate, nowMs: number): Finding {
  const fromMs = Date.parse(certificate.validFrom)
  const toMs = Date.parse(certificate.validTo)
  const days = Math.floor((toMs - nowMs) / DAY_MS)
  const until = Number.isFinite(toMs) ? new Date(toMs).toISOString().slice(0, 10) : certificate.validTo
  if (nowMs < fromMs)
    return problem(`${shown} is not valid yet: from ${certificate.validFrom}`, 'See the clock, too.')
  if (nowMs > toMs) return problem(`${shown} expired on ${until}`, RENEW)
  const seen = `${shown} is valid until ${until}, ${count(days, 'day')} left`
  return days < SOON_DAYS ? warning(seen, RENEW) : ok(seen)
}

function names(shown: string, certificate: X509Certificate): Finding {
  const { subjectAltName } = certificate
  if (subjectAltName !== undefined) return ok(`${shown} is for ${subjectAltName}`)
  return warning(
    `${shown} names no host (subjectAltName)`,
    'Clients refuse it: make one with the names of this server.',
  )
}

function fit(shown: string, certificate: X509Certificate, keyPem: string): Finding {
  const remedy = 'Name the key that belongs to the certificate, PEM without a password.'
  try {
    if (certificate.checkPrivateKey(createPrivateKey(keyPem))) return ok(`${shown} belongs to its key`)
    return problem(`${shown} does not belong to its key`, remedy)
  } catch {
    // What the library says could quote the key.
    return problem(`the key of ${shown} cannot be read`, remedy)
  }
}
