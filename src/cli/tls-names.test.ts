import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clientName, serverNames } from './tls-names.ts'

describe('the names of a server', () => {
  it('are those asked for, those it had, the name of the host and the local ones, each once', () => {
    assert.deepEqual(serverNames(['logs.example.com', '10.0.0.7'], ['old.example.com', '::1'], 'box'), [
      'logs.example.com',
      '10.0.0.7',
      'old.example.com',
      '::1',
      'box',
      'localhost',
      '127.0.0.1',
    ])
  })

  it('are spelled as clients compare them', () => {
    const [first, second, third] = serverNames(
      ['LOGS.Example.com.', '[FE80::1]', ' *.example.com '],
      [],
      'box',
    )
    assert.deepEqual([first, second, third], ['logs.example.com', 'fe80::1', '*.example.com'])
  })

  it('leave out a host name that cannot be one', () => {
    assert.deepEqual(serverNames([], [], 'my box'), ['localhost', '127.0.0.1', '::1'])
  })

  for (const name of [
    'a b',
    '',
    'https://logs',
    'logs:9997',
    '-a',
    'a..b',
    'ünicode',
    'x'.repeat(254),
    'a,DNS:b',
  ]) {
    it(`refuse ${JSON.stringify(name.slice(0, 20))}`, () => {
      assert.throws(() => serverNames([name], [], 'box'), {
        code: 'USAGE',
        message: /cannot stand in a certificate/,
      })
    })
  }
})

describe('the name of a client', () => {
  it('is a word that can be part of a file name', () => {
    assert.equal(clientName('web-1.example'), 'web-1.example')
    for (const name of [undefined, '', '../up', '.hidden', 'a/b', 'a b', 'x'.repeat(64)]) {
      assert.throws(() => clientName(name), { code: 'USAGE' }, name)
    }
  })
})
