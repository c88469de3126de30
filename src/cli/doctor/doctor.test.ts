import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { realDisk, systemClock } from '../../base/base.ts'
import { freePort, run } from '../fake-io.ts'
import { CHECKS } from './checks.ts'
import { listeningInodes } from './port-listener.ts'
import { realMachine } from './real-machine.ts'
import { type Diagnosis, printReport, reportJson } from './report.ts'

const DIAGNOSES: readonly Diagnosis[] = [
  { check: 'ports', status: 'ok', seen: 'log: free', remedy: null },
  { check: 'ports', status: 'problem', seen: 'taken by \x1b[2Jx', remedy: 'Stop it.' },
]

describe('the report of the doctor', () => {
  it('shows what was seen and how to mend it, inert', () => {
    const lines = [
      'ok       ports           log: free',
      'problem  ports           taken by \\x1b[2Jx',
      '                         > Stop it.',
      '1 problem, 0 warnings, 1 ok',
      '',
    ]
    assert.equal(
      printReport(DIAGNOSES, (_style, text) => text),
      lines.join('\n'),
    )
    assert.equal(
      printReport(DIAGNOSES.slice(0, 1), (_style, text) => text),
      `${lines[0]}\nAll is well.\n`,
    )
  })

  it('is JSON for programs', () => {
    assert.deepEqual(JSON.parse(reportJson(DIAGNOSES)), { healthy: false, findings: DIAGNOSES })
  })
})

const closed = (...names: readonly string[]): string[] => names.flatMap((name) => [`--${name}-listen`, 'off'])

describe('logcaster doctor', () => {
  it('looks at this machine, changes nothing and knows whether all is well', async () => {
    const { code, out, err } = await run([
      'doctor',
      '-d',
      tmpdir(),
      ...closed('log', 'query', 'irc', 'http'),
      '--json',
    ])
    const { healthy, findings } = JSON.parse(out)
    assert.deepEqual([code, err], [healthy ? 0 : 1, ''])
    const names = ['configuration', ...CHECKS.map(({ name }) => name)]
    assert.deepEqual([...new Set(findings.map(({ check }: Diagnosis) => check))], names)
  })

  it('tells all problems of the configuration, and exits with 1', async () => {
    const { code, out } = await run(['doctor', '--drain-ms-max', 'soon', '--stores', 'A'])
    assert.equal(code, 1)
    assert.match(out, /^problem {2}configuration {3}--stores: .*\n +> `logcaster config check`/)
    assert.match(out, /\nproblem {2}configuration {3}--drain-ms-max: .*\n/)
    assert.match(out, /\nwarning {2}configuration {3}nothing else was looked at\n/)
  })

  it('sees a port that is taken, and by whom where the system tells', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    try {
      const { code, out } = await run([
        'doctor',
        ...closed('log', 'query', 'http'),
        `--irc-listen=127.0.0.1:${port}`,
      ])
      assert.equal(code, 1)
      const who = process.platform === 'linux' ? `\\S+ \\(process ${process.pid}\\)` : 'another program'
      assert.match(out, new RegExp(`problem  ports {11}irc, 127.0.0.1:${port}: taken by ${who}`))
    } finally {
      server.close()
    }
  })
})

describe('the real machine', () => {
  const machine = realMachine(systemClock)

  it('knows who uses a directory, probes its disk and leaves nothing behind', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'doctor-'))
    try {
      assert.equal(await machine.userOfDirectory(directory), null)
      const lock = await realDisk.lock(directory)
      assert.deepEqual(await machine.userOfDirectory(directory), { pid: process.pid })
      await lock.release()
      const { syncsMs } = await machine.probeDisk(directory, 3)
      assert.equal(syncsMs.length, 3)
      assert.deepEqual(await realDisk.list(directory), [])
      const { totalBytes } = await machine.fileSystem(directory)
      assert.ok(totalBytes > 0)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('says what stands in the way of listening', async () => {
    const port = Number(await freePort())
    assert.equal(await machine.tryListen({ host: '127.0.0.1', port }, 'tcp'), null)
    assert.equal(await machine.tryListen({ host: '192.0.2.1', port }, 'tcp'), 'EADDRNOTAVAIL')
    assert.equal(await machine.listenerOf({ host: '127.0.0.1', port }, 'tcp'), null)
  })

  it('sees who takes datagrams', async () => {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    try {
      const address = { host: '127.0.0.1', port: socket.address().port }
      assert.equal(await machine.tryListen(address, 'udp'), 'EADDRINUSE')
      if (process.platform !== 'linux') return
      const name = basename(process.execPath)
      assert.deepEqual(await machine.listenerOf(address, 'udp'), { pid: process.pid, name })
    } finally {
      socket.close()
    }
  })

  it('knows what is there and what is not', async () => {
    assert.equal((await machine.stat(tmpdir()))?.isDirectory, true)
    assert.equal(await machine.stat(join(tmpdir(), 'none', 'none')), null)
    assert.equal(await machine.isWritable(join(tmpdir(), 'none')), false)
  })
})

describe('listeningInodes', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:270F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0200007F:270F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 100 0 0 10 0
   2: 0100007F:270F 0100007F:1234 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 100 0 0 10 0
   3: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 444 1 0 100 0 0 10 0
`
  const datagrams = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  7: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 666 2 0 0
`
  const six = '   0: 00000000000000000000000000000000:270F 0000:0000 0A 0:0 0:0 0 0 0 555 1\n'
  for (const [host, port, text, inodes] of [
    ['127.0.0.1', 9999, table, ['111']],
    ['0.0.0.0', 9999, table, ['111', '222']],
    ['127.0.0.1', 8080, table, ['444']],
    ['127.0.0.1', 9999, six, ['555']],
    ['::1', 9998, six, []],
    ['127.0.0.1', 514, datagrams, ['666']],
  ] as const) {
    it(`finds ${inodes.length} for ${host} ${port}`, () => {
      assert.deepEqual(listeningInodes(text, { host, port }), inodes)
    })
  }
})
