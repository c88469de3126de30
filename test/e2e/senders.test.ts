/**
 * Senders that a Debian machine has, each with a file of the corpus over what it speaks; what comes back is equal.
 * Where a sender puts a header before each line (syslog), the line stands at the end of the record.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { ChildProgram, inTemporaryDirectory, type Outcome, runToEnd } from '../child-program.ts'
import { until } from '../deadline.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { sharedFolder } from '../shared-folder.ts'
import { countRecords, readRecords } from '../stored-records.ts'
import { makeCertificate, type TestCertificate } from '../test-certificate.ts'

const FILE = 'OpenSSH.log'
const RFC5424_TEMPLATE = '<%PRI%>1 %TIMESTAMP:::date-rfc3339% %HOSTNAME% %APP-NAME% - - - %msg%\\n'

describe('what Debian ships sends, and the same comes back', () => {
  let program: RunningProgram
  let certificate: TestCertificate
  let lastId = -1

  before(async () => {
    certificate = await makeCertificate()
    const tls = ['--log-tls-cert', certificate.cert, '--log-tls-key', `file:${certificate.key}`]
    program = await startProgram({ args: tls })
  })
  after(async () => {
    await program[Symbol.asyncDispose]()
    certificate[Symbol.dispose]()
  })

  /** The messages that were stored since this was asked last, once there are so many. */
  async function newMessages(count: number): Promise<string[]> {
    const added = lastId < 0 ? '*' : `_id:>${lastId}`
    const isThere = async (): Promise<true | null> =>
      (await countRecords(program.queryPort, added)) >= count ? true : null
    await until(isThere, `${count} records`)
    const records = await readRecords(program.queryPort, added)
    lastId = records.at(-1)?.id ?? lastId
    return records.map(({ message }) => message.toString('latin1'))
  }

  async function assertStored(lines: readonly string[]): Promise<void> {
    assertSame(await newMessages(lines.length), lines)
  }

  /** A syslog header stands before each. */
  async function assertStoredBehindHeaders(lines: readonly string[]): Promise<void> {
    const messages = await newMessages(lines.length)
    assertSame(
      messages.map((message, index) => (message.endsWith(lines[index] ?? '') ? lines[index] : message)),
      lines,
    )
  }

  it('curl: NDJSON', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'curl'))) return
    const body = lines.map((line) => `${JSON.stringify({ _msg: line, host: 'LabSZ' })}\n`).join('')
    const url = `http://127.0.0.1:${program.httpPort}/insert/jsonline?_stream_fields=host`
    const { stdout } = await runWell('curl', ['-sS', '--fail-with-body', '--data-binary', '@-', url], body)
    assert.equal(JSON.parse(stdout.toString()).accepted, lines.length)
    await assertStored(lines)
  })

  it('curl: lines, compressed, with an idempotency key, twice', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'curl'))) return
    const { stdout: body } = await runWell('gzip', ['-c'], `${lines.join('\n')}\n`)
    const headers = ['Content-Type: text/plain', 'Content-Encoding: gzip', 'Idempotency-Key: openssh-1']
    const url = `http://127.0.0.1:${program.httpPort}/api/v1/logs`
    const args = [
      '-sS',
      '--fail-with-body',
      '--data-binary',
      '@-',
      ...headers.flatMap((one) => ['-H', one]),
      url,
    ]
    const first = JSON.parse((await runWell('curl', args, body)).stdout.toString())
    const second = JSON.parse((await runWell('curl', args, body)).stdout.toString())
    assert.deepEqual(
      [first.accepted, second.firstId, second.lastId],
      [lines.length, first.firstId, first.lastId],
    )
    await assertStored(lines)
  })

  it('logger: syslog over TCP', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'logger'))) return
    const target = ['--server', '127.0.0.1', '--port', String(program.logPort), '--tcp']
    await runWell('logger', [...target, '--rfc5424', '--size', '8KiB'], `${lines.join('\n')}\n`)
    await assertStoredBehindHeaders(lines)
  })

  it('logger: syslog over UDP', async (t) => {
    const lines = corpusLines(t)?.slice(0, 50)
    if (lines === undefined || !(await hasProgram(t, 'logger'))) return
    const target = ['--server', '127.0.0.1', '--port', String(program.logPort), '--udp']
    await runWell('logger', [...target, '--rfc3164', '--size', '8KiB'], `${lines.join('\n')}\n`)
    await assertStoredBehindHeaders(lines)
  })

  for (const { name, template, check } of [
    { name: 'plain lines', template: '%msg%\\n', check: assertStored },
    { name: 'RFC 5424 lines', template: RFC5424_TEMPLATE, check: assertStoredBehindHeaders },
  ]) {
    it(`rsyslog: omfwd with ${name}`, async (t) => {
      const lines = corpusLines(t)
      if (lines === null || !(await hasProgram(t, 'rsyslogd'))) return
      await inTemporaryDirectory(async (directory) => {
        writeFileSync(join(directory, 'in.log'), `${lines.join('\n')}\n`)
        const conf = join(directory, 'rsyslog.conf')
        writeFileSync(conf, rsyslogConf(directory, program.logPort, template))
        await using _daemon = new ChildProgram('rsyslogd', ['-n', '-f', conf, '-i', join(directory, 'pid')])
        await check(lines)
      })
    })
  }

  it('python3: a plain socket', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'python3'))) return
    const code = `import socket,sys
s=socket.create_connection(('127.0.0.1',${program.logPort}))
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
assert s.recv(1)==b''`
    await runWell('python3', ['-c', code], `${lines.join('\n')}\n`)
    await assertStored(lines)
  })

  it('python3: http.client, chunked', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'python3'))) return
    const code = `import http.client,json,sys
c=http.client.HTTPConnection('127.0.0.1',${program.httpPort})
rows=(json.dumps({'message':line.rstrip('\\n')}).encode()+b'\\n' for line in sys.stdin)
c.request('POST','/api/v1/logs',body=rows,headers={'Content-Type':'application/x-ndjson'},encode_chunked=True)
r=c.getresponse()
body=r.read()
assert r.status==200,(r.status,body)`
    await runWell('python3', ['-c', code], `${lines.join('\n')}\n`)
    await assertStored(lines)
  })

  it('openssl s_client: lines over TLS, on the port that also takes them in the clear', async (t) => {
    const lines = corpusLines(t)
    if (lines === null || !(await hasProgram(t, 'openssl', 'version'))) return
    const target = [
      '-connect',
      `127.0.0.1:${program.logPort}`,
      '-CAfile',
      certificate.ca,
      '-verify_return_error',
    ]
    const args = ['s_client', ...target, '-quiet', '-no_ign_eof', '-nocommands']
    await runWell('openssl', args, `${lines.join('\n')}\n`)
    await assertStored(lines)
  })

  it('netcat and curl find HTTP, too, on the log port, which grants it to write only', async (t) => {
    if (!(await hasProgram(t, 'curl'))) return
    const base = `http://127.0.0.1:${program.logPort}`
    const stored = await runWell('curl', [
      '-sS',
      '-d',
      '{"_msg":"by the log port"}',
      `${base}/insert/jsonline`,
    ])
    assert.equal(JSON.parse(stored.stdout.toString()).accepted, 1)
    await assertStored(['by the log port'])
    const query = await runWell('curl', ['-sS', '-w', '%{http_code}', `${base}/select/logsql/query?query=*`])
    assert.match(query.stdout.toString(), /40[13]$/)
  })
})

function corpusLines(t: TestContext): string[] | null {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return null
  return readFileSync(join(corpus, FILE), 'latin1')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
}

/** Skipped by name where it is missing; `.ci/run` installs them all. */
async function hasProgram(t: TestContext, name: string, versionFlag = '--version'): Promise<boolean> {
  const args = name === 'rsyslogd' ? ['-v'] : [versionFlag]
  const isThere = await runToEnd(name, args).then(
    () => true,
    () => false,
  )
  if (isThere) return true
  const reason = `there is no ${name}`
  if (process.env['LOGCASTER_REQUIRE_SHARED']) assert.fail(`${reason}, and LOGCASTER_REQUIRE_SHARED is set`)
  t.skip(reason)
  return false
}

async function runWell(name: string, args: readonly string[], input: string | Buffer = ''): Promise<Outcome> {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input
  const outcome = await runToEnd(name, args, { input: bytes })
  assert.equal(outcome.code, 0, `${name}: ${outcome.stderr}${outcome.stdout.toString()}`)
  return outcome
}

function rsyslogConf(directory: string, port: number, template: string): string {
  return `global(workDirectory="${directory}")
module(load="imfile" mode="polling" pollingInterval="1")
template(name="line" type="string" string="${template}")
input(type="imfile" file="${directory}/in.log" tag="sshd" ruleset="out")
ruleset(name="out") {
  action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" template="line")
}
`
}

/** Says where the first difference is: 2,000 lines at once help nobody. */
function assertSame(actual: readonly (string | undefined)[], expected: readonly string[]): void {
  for (let index = 0; index < Math.min(actual.length, expected.length); index++) {
    assert.equal(actual[index], expected[index], `line ${index + 1}`)
  }
  assert.equal(actual.length, expected.length)
}
