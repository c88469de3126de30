import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { SimulatedClock, systemError } from '../base/base.ts'
import { type MadeCertificate, makeAuthority, makeCertificate } from '../cli/tls-making.ts'
import { CERTIFICATE_LOOK_MS, Certificate, type CertificateEvent } from './certificate.ts'
import { type CertificateFiles, realCertificateFiles } from './certificate-files.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2027, 0, 15)

const authority = await makeAuthority({
  commonName: 'Test authority',
  nowMs: NOW_MS,
  expiresMs: NOW_MS + 3650 * DAY_MS,
})

function make(name: string, days = 397, nowMs = NOW_MS): Promise<MadeCertificate> {
  const expiresMs = nowMs + days * DAY_MS
  return makeCertificate({ authority, purpose: 'server', names: [name], nowMs, expiresMs })
}

const first = await make('first')
const second = await make('second')

interface FakeFile {
  readonly text: string
  readonly stamp: number
}

/** Files in memory; a file that is written gets a new stamp. */
class FakeFiles implements CertificateFiles {
  #files = new Map<string, FakeFile>()
  #writes = 0
  reads = 0
  /** Called with every file that was read, before the next one is. */
  onRead = (): void => {}

  write(made: Partial<MadeCertificate>): void {
    for (const [name, text] of Object.entries(made)) this.#files.set(name, { text, stamp: ++this.#writes })
  }

  saved(): ReadonlyMap<string, FakeFile> {
    return new Map(this.#files)
  }

  restore(files: ReadonlyMap<string, FakeFile>): void {
    this.#files = new Map(files)
  }

  async stamp(path: string): Promise<string> {
    return String(this.#files.get(path)?.stamp)
  }

  async read(path: string): Promise<string> {
    this.reads++
    const file = this.#files.get(path)
    if (file === undefined) throw systemError('ENOENT', path)
    this.onRead()
    return file.text
  }
}

class Scene {
  readonly clock = new SimulatedClock({ wallMs: NOW_MS })
  readonly files = new FakeFiles()
  readonly events: CertificateEvent[] = []
  certificate!: Certificate

  static async open(made: MadeCertificate): Promise<Scene> {
    const scene = new Scene()
    scene.files.write(made)
    scene.certificate = await Certificate.open(
      {
        source: { cert: 'cert', key: { file: 'key' } },
        clientCertificate: 'off',
        handshakeMsMax: 5000,
        option: 'ports.log.tls',
      },
      { files: scene.files, clock: scene.clock, event: (event) => scene.events.push(event) },
    )
    return scene
  }

  /** What was said since the last time, after a look at the files. */
  async said(): Promise<string[]> {
    await this.certificate.look()
    return this.events.splice(0).map(({ kind, level, message }) => `${kind} ${level} ${message}`)
  }

  async after(days: number): Promise<string[]> {
    this.clock.setWall(this.clock.wallMs() + days * DAY_MS)
    return this.said()
  }
}

describe('the certificate of a port', () => {
  it('is not read again while its files are as they were', async () => {
    const { certificate, files } = await Scene.open(first)
    const { reads } = files
    await certificate.look()
    assert.equal(files.reads, reads)
  })

  it('is replaced when its files change', async () => {
    const scene = await Scene.open(first)
    scene.files.write(second)
    assert.deepEqual(await scene.said(), [
      'replaced INFO ports.log.tls (CN=second): the files on disk are in use',
    ])
    assert.deepEqual(scene.certificate.details.names, ['second'])
    assert.equal(scene.certificate.stats().replacements, 1)
  })

  it('looks every few seconds, until it is closed', async () => {
    const { clock, files, certificate } = await Scene.open(first)
    for (const written of [second, first, second]) {
      files.write(written)
      clock.advance(CERTIFICATE_LOOK_MS)
      await certificate.look()
      assert.equal(clock.timers, 1)
    }
    assert.equal(certificate.stats().replacements, 3)
    certificate.close()
    assert.equal(clock.timers, 0)
  })

  it('stays when the key on disk is another, says so once, and heals when the certificate follows', async () => {
    const scene = await Scene.open(first)
    scene.files.write({ key: second.key })
    const [problem, ...others] = await scene.said()
    assert.equal(
      problem,
      'unusable ERROR ports.log.tls (CN=first): the old certificate stays in use: key is not the private key of the ' +
        "first certificate in cert: use the key that it was made for, and in a chain put the server's own certificate first.",
    )
    assert.deepEqual(others, [])
    assert.deepEqual(await scene.said(), [])
    assert.match(scene.certificate.stats().problem ?? '', /^key is not the private key/)
    scene.files.write({ cert: second.cert })
    assert.equal((await scene.said()).length, 1)
    assert.deepEqual(scene.certificate.details.names, ['second'])
    assert.equal(scene.certificate.stats().problem, null)
  })

  it('stays when a file is half written, and takes what the file becomes', async () => {
    const scene = await Scene.open(first)
    scene.files.write({ cert: second.cert.slice(0, 200), key: second.key })
    assert.match((await scene.said())[0], /cert is cut off in the middle of a certificate/)
    scene.files.write({ cert: second.cert })
    assert.match((await scene.said())[0], /^replaced INFO .*second/)
  })

  it('does not complain of files that change while they are read', async () => {
    const scene = await Scene.open(first)
    scene.files.write({ key: second.key })
    scene.files.onRead = () => scene.files.write({ cert: second.cert })
    assert.deepEqual(await scene.said(), [])
    scene.files.onRead = () => {}
    assert.match((await scene.said())[0], /^replaced INFO .*second/)
  })

  it('says that all is well again when the old files come back', async () => {
    const scene = await Scene.open(first)
    scene.files.write({ cert: '' })
    assert.equal((await scene.said()).length, 1)
    scene.files.write({ cert: first.cert })
    assert.deepEqual(await scene.said(), [
      'replaced INFO ports.log.tls (CN=first): the files on disk are in use',
    ])
    assert.equal(scene.certificate.stats().replacements, 0)
  })

  it('notices that all is well again also when a link was only moved away and back', async () => {
    const scene = await Scene.open(first)
    const before = scene.files.saved()
    scene.files.write({ key: second.key })
    assert.equal((await scene.said()).length, 1)
    scene.files.restore(before)
    assert.equal((await scene.said()).length, 1)
    assert.equal(scene.certificate.stats().problem, null)
  })

  it('says nothing of files that were only touched', async () => {
    const scene = await Scene.open(first)
    scene.files.write(first)
    assert.deepEqual(await scene.said(), [])
  })

  it('that cannot be used does not open', async () => {
    const opening = Scene.open({ cert: first.cert, key: second.key })
    await assert.rejects(opening, { code: 'CERTIFICATE_UNUSABLE' })
  })
})

describe('the end of a certificate', () => {
  it('is announced 30, 14, 7, 3 and 1 days before and when it has come, once each', async () => {
    const scene = await Scene.open(await make('ending', 31))
    const left: string[] = []
    for (let halfDays = 1; halfDays <= 66; halfDays++) {
      for (const text of await scene.after(0.5)) left.push(`${31 - halfDays / 2}: ${text}`)
    }
    const who = 'ports.log.tls (CN=ending)'
    assert.deepEqual(left, [
      `30: expiring WARN ${who}: expires in 30 days, on 2027-02-15: renew it`,
      `14: expiring WARN ${who}: expires in 14 days, on 2027-02-15: renew it`,
      `7: expiring WARN ${who}: expires in 7 days, on 2027-02-15: renew it`,
      `3: expiring WARN ${who}: expires in 3 days, on 2027-02-15: renew it`,
      `1: expiring WARN ${who}: expires in 1 day, on 2027-02-15: renew it`,
      `0: expired ERROR ${who}: expired on 2027-02-15: clients refuse it, renew it`,
    ])
  })

  it('that is near at the start is said at the start, with the last step only', async () => {
    const scene = await Scene.open(await make('near', 5))
    assert.deepEqual(await scene.said(), [
      'expiring WARN ports.log.tls (CN=near): expires in 5 days, on 2027-01-20: renew it',
    ])
  })

  it('that has come does not keep the server from starting', async () => {
    const scene = await Scene.open(await make('past', 10, NOW_MS - 20 * DAY_MS))
    assert.deepEqual(await scene.said(), [
      'expired ERROR ports.log.tls (CN=past): expired on 2027-01-05: clients refuse it, renew it',
    ])
  })

  it('is announced for each certificate anew, and not again for a file that was touched', async () => {
    const near = await make('near', 5)
    const scene = await Scene.open(near)
    assert.equal((await scene.said()).length, 1)
    scene.files.write(near)
    assert.deepEqual(await scene.said(), [])
    scene.files.write(await make('nearer', 2))
    assert.deepEqual(await scene.said(), [
      'replaced INFO ports.log.tls (CN=nearer): the files on disk are in use',
      'expiring WARN ports.log.tls (CN=nearer): expires in 2 days, on 2027-01-17: renew it',
    ])
  })

  it('that is only hours away is told as less than a day', async () => {
    const scene = await Scene.open(await make('soon', 0.2))
    assert.match((await scene.said())[0], /expires in less than a day, on 2027-01-15/)
  })

  it('is not announced again when the wall clock steps back', async () => {
    const scene = await Scene.open(await make('near', 2))
    assert.equal((await scene.said()).length, 1)
    assert.deepEqual(await scene.after(-20), [])
  })
})

it('a certificate that is not valid yet is served, and told', async () => {
  const scene = await Scene.open(await make('early', 397, NOW_MS + 2 * DAY_MS))
  assert.deepEqual(await scene.said(), [
    'notYetValid WARN ports.log.tls (CN=early): valid only from 2027-01-16: clients will refuse it',
  ])
})

describe('files on a real disk', () => {
  it('have a new stamp when a link above them moves, as Kubernetes does it, and one each time they change', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logcaster-tls-'))
    try {
      const put = async (name: string, text: string) => writeFile(join(directory, name), text)
      const link = async (name: string, target: string) => {
        await symlink(target, join(directory, `${name}.new`))
        await rename(join(directory, `${name}.new`), join(directory, name))
      }
      const stamp = () => realCertificateFiles.stamp(join(directory, 'cert.pem'))
      const stamps = [await stamp()]
      await put('v1', 'same')
      await put('v2', 'same')
      await link('data', 'v1')
      await link('cert.pem', 'data')
      stamps.push(await stamp())
      await link('data', 'v2')
      stamps.push(await stamp())
      await put('v2', 'longer')
      stamps.push(await stamp())
      assert.equal(new Set(stamps).size, 4, stamps.join('\n'))
      assert.equal(await stamp(), stamps[3])
      assert.equal(await realCertificateFiles.read(join(directory, 'cert.pem')), 'longer')
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('must be files, and not large ones', async () => {
    await assert.rejects(realCertificateFiles.read('/dev/null'), { code: 'EISDIR' })
    await assert.rejects(realCertificateFiles.read(tmpdir()), { code: 'EISDIR' })
    await assert.rejects(realCertificateFiles.read(process.execPath), { code: 'EFBIG' })
  })
})
