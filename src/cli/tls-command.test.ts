import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect, createServer } from 'node:tls'
import { promisify } from 'node:util'
import { run } from './fake-io.ts'
import { makeAuthority, makeCertificate } from './tls-making.ts'
import { shellWord, yamlScalar } from './tls-text.ts'

const openssl = (...words: string[]) => promisify(execFile)('openssl', words)
const DAY_MS = 86_400_000

let root = ''
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'logcaster-tls-'))
})
after(() => rm(root, { recursive: true }))

/** A directory of its own for each test, with what `init` put there. */
async function initialized(name: string, ...words: string[]): Promise<string> {
  const directory = join(root, name)
  const { code, err } = await run(['tls', 'init', '--dir', directory, ...words])
  assert.deepEqual([code, err], [0, ''])
  return directory
}

const text = (...path: string[]) => readFile(join(...path), 'utf8')
const certificate = async (...path: string[]) => new X509Certificate(await text(...path))

describe('logcaster tls init', () => {
  it('makes files that openssl accepts for a server of every name', async () => {
    const directory = await initialized('fresh', '--name', 'logs.example.com', '--name', '10.0.0.7')
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', join(directory, 'ca.pem')]
    for (const name of ['logs.example.com', 'localhost']) {
      const { stdout } = await openssl(...verify, '-verify_hostname', name, join(directory, 'cert.pem'))
      assert.match(stdout, /: OK\n$/)
    }
    for (const address of ['10.0.0.7', '127.0.0.1', '::1']) {
      const { stdout } = await openssl(...verify, '-verify_ip', address, join(directory, 'cert.pem'))
      assert.match(stdout, /: OK\n$/)
    }
    await assert.rejects(
      openssl(...verify, '-verify_hostname', 'other.example.com', join(directory, 'cert.pem')),
    )
    await assert.rejects(
      openssl('verify', '-purpose', 'sslclient', ...verify.slice(4), join(directory, 'cert.pem')),
    )
  })

  it('makes keys that only their owner can read, and leaves nothing else behind', async () => {
    const directory = await initialized('modes')
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
    assert.deepEqual((await readdir(directory)).sort(), ['ca-key.pem', 'ca.pem', 'cert.pem', 'key.pem'])
    assert.equal(await mode(directory), '700')
    assert.deepEqual(
      [await mode(join(directory, 'key.pem')), await mode(join(directory, 'ca-key.pem'))],
      ['600', '600'],
    )
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`makes a certificate that a client trusts by its authority alone (${version})`, async () => {
      const directory = await initialized(`trust-${version}`)
      const [cert, key, ca] = await Promise.all(
        ['cert.pem', 'key.pem', 'ca.pem'].map((name) => text(directory, name)),
      )
      const server = createServer({ cert, key, minVersion: version, maxVersion: version })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca })
      await once(socket, 'secureConnect')
      assert.deepEqual([socket.authorized, socket.getProtocol()], [true, version])
      socket.destroy()
      server.close()
      await once(server, 'close')
    })
  }

  it('makes certificates that end after 397 days, or when it is told, but never after their authority', async () => {
    const daysOf = (made: X509Certificate) => Math.round((made.validToDate.getTime() - Date.now()) / DAY_MS)
    assert.equal(daysOf(await certificate(await initialized('days'), 'cert.pem')), 397)
    assert.equal(daysOf(await certificate(root, 'days', 'ca.pem')), 3650)
    assert.equal(daysOf(await certificate(await initialized('ten-days', '--days', '10'), 'cert.pem')), 10)

    const directory = join(root, 'old-authority')
    await mkdir(directory)
    const nowMs = Date.now()
    const old = await makeAuthority({ commonName: 'Old', nowMs, expiresMs: nowMs + 20 * DAY_MS })
    await writeFile(join(directory, 'ca.pem'), old.cert)
    await writeFile(join(directory, 'ca-key.pem'), old.key)
    assert.equal(daysOf(await certificate(await initialized('old-authority'), 'cert.pem')), 20)
  })

  it('overwrites nothing without --force', async () => {
    const directory = await initialized('twice')
    const first = await text(directory, 'cert.pem')
    const { code, out, err } = await run(['tls', 'init', '--dir', directory])
    assert.deepEqual([code, out], [2, ''])
    assert.equal(
      err,
      `${join(directory, 'cert.pem')} is there already: --force makes a new one, from the same authority\n`,
    )
    assert.equal(await text(directory, 'cert.pem'), first)
  })

  it('renews with --force: the same authority and names, a new certificate and key', async () => {
    const directory = await initialized('renew', '--name', 'logs.example.com')
    const old = await Promise.all(
      ['ca.pem', 'ca-key.pem', 'cert.pem', 'key.pem'].map((name) => text(directory, name)),
    )
    const { code, out } = await run([
      'tls',
      'init',
      '--force',
      '--dir',
      directory,
      '--name',
      'more.example.com',
    ])
    assert.equal(code, 0)
    assert.match(out, /^Made a certificate from the authority that is in /)
    const now = await Promise.all(
      ['ca.pem', 'ca-key.pem', 'cert.pem', 'key.pem'].map((name) => text(directory, name)),
    )
    assert.deepEqual(
      now.map((part, index) => part === old[index]),
      [true, true, false, false],
    )
    assert.match(
      new X509Certificate(now[2]).subjectAltName ?? '',
      /DNS:more\.example\.com, DNS:logs\.example\.com/,
    )
    await openssl('verify', '-CAfile', join(directory, 'ca.pem'), join(directory, 'cert.pem'))
  })

  it('prints what to write and what to try, and never a key', async () => {
    const directory = join(root, 'a "strange" place')
    const { out } = await run(['tls', 'init', '--dir', directory])
    assert.ok(out.includes(`      cert: ${JSON.stringify(join(directory, 'cert.pem'))}\n`), out)
    assert.ok(out.includes(`      key: { file: ${JSON.stringify(join(directory, 'key.pem'))} }\n`), out)
    assert.ok(
      out.includes(`  curl --cacert '${join(directory, 'ca.pem')}' https://localhost:9997/health\n`),
      out,
    )
    const body = (await text(directory, 'key.pem')).split('\n')[1]
    assert.ok(!out.includes(body))
  })

  it('says the same as JSON', async () => {
    const directory = join(root, 'json')
    const { out } = await run(['tls', 'init', '--json', '--dir', directory])
    const { files, isAuthorityNew, certificate: made, authority } = JSON.parse(out)
    assert.deepEqual(files.key, join(directory, 'key.pem'))
    assert.deepEqual(
      [isAuthorityNew, made.daysLeft, made.isAuthority, authority.isAuthority],
      [true, 397, false, true],
    )
  })

  it('works in the data directory, also when the configuration names keys that are yet to be made', async () => {
    const dataDir = join(root, 'data')
    const file = `dataDir: ${dataDir}\nports:\n  http:\n    tls: { cert: ${dataDir}/tls/cert.pem, key: { file: ${dataDir}/tls/key.pem } }\n`
    const { code, err } = await run(['tls', 'init', '-c', 'lan.yaml'], { files: { 'lan.yaml': file } })
    assert.deepEqual([code, err], [0, ''])
    await certificate(dataDir, 'tls', 'cert.pem')
  })

  it('refuses an authority that cannot issue anything', async () => {
    const nowMs = Date.now()
    const past = { nowMs: nowMs - 9 * DAY_MS, expiresMs: nowMs - DAY_MS }
    const future = { nowMs, expiresMs: nowMs + DAY_MS }
    const authority = await makeAuthority({ commonName: 'A', ...future })
    const other = await makeAuthority({ commonName: 'B', ...future })
    const leaf = await makeCertificate({ authority, purpose: 'server', names: ['a'], ...future })
    const directory = join(root, 'broken')
    await mkdir(directory)
    for (const [{ cert, key }, problem] of [
      [await makeAuthority({ commonName: 'Past', ...past }), 'have expired'],
      [{ cert: authority.cert, key: other.key }, 'do not belong together'],
      [leaf, 'are not of an authority'],
      [{ cert: 'x', key: 'y' }, 'cannot be read as certificate and key'],
    ] as const) {
      await writeFile(join(directory, 'ca.pem'), cert)
      await writeFile(join(directory, 'ca-key.pem'), key)
      const { code, err } = await run(['tls', 'init', '--dir', directory])
      assert.equal(code, 1)
      assert.ok(
        err.includes(`ca-key.pem ${problem}: move both files away and run \`logcaster tls init\``),
        err,
      )
    }
    await rm(join(directory, 'ca-key.pem'))
    const { err } = await run(['tls', 'init', '--json', '--dir', directory])
    assert.equal(JSON.parse(err).error.code, 'CERTIFICATE_UNUSABLE')
    assert.match(err, /ca\.pem is there, but .*ca-key\.pem is not/)
    assert.deepEqual(await readdir(directory), ['ca.pem'])
  })

  it('says when the directory cannot be written', async () => {
    await writeFile(join(root, 'file'), '')
    const { code, err } = await run(['tls', 'init', '--dir', join(root, 'file', 'tls')])
    assert.equal(code, 1)
    assert.match(
      err,
      /file\/tls.* cannot be (read|written) \(ENOTDIR\): choose another directory with --dir\.\n$/,
    )
  })

  it('takes no word', async () => {
    const { code, err } = await run(['tls', 'init', 'logs.example.com'])
    assert.equal(code, 2)
    assert.match(err, /host names are given as --name logs\.example\.com/)
  })
})

describe('logcaster tls client', () => {
  it('makes a certificate that openssl accepts for a client, and for no server', async () => {
    const directory = await initialized('client')
    const { code, out } = await run(['tls', 'client', 'web-1', '--dir', directory])
    assert.equal(code, 0)
    assert.match(out, /clientCa: \S+ca\.pem\n {6}clientCertificate: require\n$/)
    const verify = (purpose: string) =>
      openssl(
        'verify',
        '-purpose',
        purpose,
        '-CAfile',
        join(directory, 'ca.pem'),
        join(directory, 'client-web-1.pem'),
      )
    await verify('sslclient')
    await assert.rejects(verify('sslserver'))
    assert.equal((await certificate(directory, 'client-web-1.pem')).subject, 'CN=web-1')

    const again = await run(['tls', 'client', 'web-1', '--dir', directory])
    assert.deepEqual([again.code, again.out], [2, ''])
  })

  it('needs a name, and an authority', async () => {
    assert.match((await run(['tls', 'client'])).err, /the client needs a name/)
    const { code, err } = await run(['tls', 'client', 'web-1', '--dir', join(root, 'nothing')])
    assert.equal(code, 2)
    assert.match(err, /there is no authority in .*nothing: `logcaster tls init` makes one/)
  })
})

describe('logcaster tls show', () => {
  it('prints every certificate of a file', async () => {
    const nowMs = Date.now()
    const wishes = { nowMs, expiresMs: nowMs + 2 * DAY_MS }
    const authority = await makeAuthority({ commonName: 'Authority', ...wishes })
    const names = ['logs.example.com', '::1']
    const { cert } = await makeCertificate({ authority, purpose: 'server', names, ...wishes })
    const past = await makeAuthority({ commonName: 'Past', nowMs, expiresMs: nowMs - DAY_MS })
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
    const files = { 'cert.pem': cert, 'past.pem': past.cert }
    const { code, out } = await run(['tls', 'show', 'cert.pem'], { files })
    assert.equal(code, 0)
    assert.deepEqual(out.split('\n').slice(0, 9), [
      'subject      CN=logs.example.com',
      'names        logs.example.com, ::1',
      'issuer       CN=Authority',
      'use          server',
      `valid from   ${day(nowMs - 3_600_000)}`,
      `expires      ${day(nowMs + 2 * DAY_MS)} (in 2 days)`,
      `fingerprint  ${new X509Certificate(cert).fingerprint256}`,
      '',
      'subject      CN=Authority',
    ])
    assert.match(
      (await run(['tls', 'show', 'past.pem'], { files })).out,
      /use +authority\n[\s\S]*\(expired 1 day ago\)/,
    )
    const lines = (await run(['tls', 'show', 'cert.pem', '--json'], { files })).out.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).subject),
      ['CN=logs.example.com', 'CN=Authority'],
    )
  })

  it('shows names inert', async () => {
    const nowMs = Date.now()
    const { cert } = await makeAuthority({ commonName: 'a\x1b[31m', nowMs, expiresMs: nowMs + DAY_MS })
    const { out } = await run(['tls', 'show', 'cert.pem'], { files: { 'cert.pem': cert } })
    assert.ok(!out.includes('\x1b'), out)
  })

  it('says what is wrong with a file that is no certificate', async () => {
    const { code, err } = await run(['tls', 'show', 'text.pem'], { files: { 'text.pem': 'hello' } })
    assert.deepEqual(
      [code, err],
      [1, 'text.pem is not a PEM certificate: a certificate begins with -----BEGIN CERTIFICATE-----.\n'],
    )
    assert.equal((await run(['tls', 'show', 'gone.pem'])).err, 'gone.pem: no such file\n')
  })
})

describe('a path that is printed', () => {
  it('can be copied into a shell and into YAML', () => {
    assert.deepEqual(['/a/b.pem', "/it's here", '/a b'].map(shellWord), [
      '/a/b.pem',
      "'/it'\\''s here'",
      "'/a b'",
    ])
    assert.deepEqual(['/a/b.pem', '/a: b', 'C:\\a'].map(yamlScalar), ['/a/b.pem', '"/a: b"', '"C:\\\\a"'])
  })
})
