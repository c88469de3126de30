import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printStartPage, type StartFacts } from './start-page.ts'

const STATS: StartFacts['stats'] = {
  startedMs: 0,
  stores: {},
  filedByReceived: 0,
  expiredRecords: 0,
  queriesRunning: 0,
  queryBytes: 0,
  answerBytes: 0,
  workers: {
    store: { threads: 0, running: 0, waiting: 0, replaced: 0 },
    search: { threads: 0, running: 0, waiting: 0, replaced: 0 },
  },
  queries: 0,
  tails: 0,
  tailRows: 0,
  tailGapRows: 0,
  tailBytes: 0,
}

const FACTS: StartFacts = {
  version: '0.1.0',
  readyMs: 211.6,
  ports: [
    { name: 'log', addresses: ['127.0.0.1:9999'], isMissing: false, tls: 'off', grant: ['read', 'write'] },
    { name: 'query', addresses: ['127.0.0.1:9998'], isMissing: false, tls: 'off', grant: ['read', 'write'] },
    { name: 'irc', addresses: [], isMissing: true, tls: 'off', grant: ['chat', 'read'] },
    { name: 'http', addresses: [], isMissing: false, tls: 'off', grant: ['read', 'write'] },
  ],
  dataDir: '/data',
  stats: STATS,
  command: 'npm run -s logcaster --',
}

test('a start says what listens where, what is missing, where the data is, and what to try', () => {
  assert.equal(
    printStartPage(FACTS),
    `LogCaster 0.1.0, ready in 212 ms
  logs     127.0.0.1:9999
  queries  127.0.0.1:9998
  irc      not built yet, closed
  http     off
  data     /data (empty)
Try, in another terminal:
  echo 'hello from me' | nc -q1 127.0.0.1 9999
  npm run -s logcaster -- query hello
Ctrl+C stops it.
`,
  )
})

test('the lines to try name the address and the port that are really open', () => {
  const ports: StartFacts['ports'] = [
    {
      name: 'log',
      addresses: ['[::]:7001', '0.0.0.0:7001'],
      isMissing: false,
      tls: 'off',
      grant: ['read', 'write'],
    },
    { name: 'query', addresses: ['0.0.0.0:7002'], isMissing: false, tls: 'off', grant: ['read', 'write'] },
  ]
  const page = printStartPage({ ...FACTS, ports, command: 'npx logcaster' })
  assert.match(page, /nc -q1 ::1 7001\n {2}npx logcaster query hello --query-port 7002\n/)
})

test('without a log port there is nothing to try', () => {
  const page = printStartPage({ ...FACTS, ports: FACTS.ports.slice(1) })
  assert.doesNotMatch(page, /Try/)
})

test('a port that asks for credentials says so, and is not suggested', () => {
  const ports = FACTS.ports.map((port) => ({ ...port, grant: [] }))
  const page = printStartPage({ ...FACTS, ports })
  assert.match(page, /\n {2}logs {5}127\.0\.0\.1:9999, with a token\n/)
  assert.doesNotMatch(page, /Try/)
})

test('a port says whether it takes TLS, and without a word for TLS is not suggested where it takes nothing else', () => {
  const ports = FACTS.ports.map((port): StartFacts['ports'][number] => ({
    ...port,
    tls: port.name === 'log' ? 'only' : 'taken',
  }))
  const page = printStartPage({ ...FACTS, ports })
  assert.match(page, /\n {2}logs {5}127\.0\.0\.1:9999, TLS only\n {2}queries {2}127\.0\.0\.1:9998, TLS too\n/)
  assert.doesNotMatch(page, /Try/)
})

test('the status page is named with its address', () => {
  const pageAt = (address: string, tls: 'off' | 'only'): string =>
    printStartPage({
      ...FACTS,
      ports: [{ name: 'http', addresses: [address], isMissing: false, tls, grant: ['read', 'write'] }],
    })
  assert.match(pageAt('127.0.0.1:9997', 'off'), /\n {2}http:\/\/127\.0\.0\.1:9997\/ in a browser\n/)
  assert.match(pageAt('[::]:8443', 'only'), /\n {2}https:\/\/\[::1\]:8443\/ in a browser\n/)
})
