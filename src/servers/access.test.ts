import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { authenticateBy, can, SessionAccess } from './access.ts'
import { ACTIONS, type Action, CAPABILITIES, type Capability } from './actions.ts'

const PEER = { address: '127.0.0.1', port: 1 }
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** PROTOCOLS.md §6, "What each action needs", written once more. */
const NEEDED: { readonly [action in Action]: Capability | 'nothing' } = {
  ping: 'nothing',
  help: 'nothing',
  login: 'nothing',
  'stats.connection': 'nothing',
  echo: 'nothing',
  compute: 'nothing',
  page: 'nothing',
  'data.echo': 'nothing',
  'record.write': 'write',
  query: 'read',
  tail: 'read',
  'stats.server': 'read',
  metrics: 'read',
  'storage.read': 'read',
  'broadcast.receive': 'read',
  'broadcast.send': 'chat',
  chat: 'chat',
  'server.change': 'admin',
  delete: 'admin',
}

describe('can', () => {
  it('answers for every action and every set of capabilities what the table says', () => {
    for (let set = 0; set < 1 << CAPABILITIES.length; set++) {
      const granted = new Set(CAPABILITIES.filter((_, bit) => (set & (1 << bit)) !== 0))
      for (const action of Object.keys(ACTIONS) as Action[]) {
        const needed = NEEDED[action]
        const expected = needed === 'nothing' || granted.has(needed)
        assert.equal(can({ granted }, action, { store: 'logs' }), expected, `${[...granted]} ${action}`)
      }
    }
  })
})

describe('SessionAccess', () => {
  it('adds what a token grants to what the port grants, and takes nothing away', async () => {
    const authenticate = authenticateBy([{ name: 'a', grant: ['read'], hash: hashOf('secret') }])
    const access = new SessionAccess({ grant: ['write'], authenticate }, PEER)
    assert.equal(access.can('query'), false)
    assert.equal(await access.login(Buffer.from('wrong')), false)
    assert.equal(access.can('query'), false)
    assert.equal(await access.login(Buffer.from('secret')), true)
    assert.deepEqual(
      [access.can('query'), access.can('record.write'), access.can('chat')],
      [true, true, false],
    )
    assert.equal(access.fresh().can('query'), false)
  })

  it('knows a token by its hash, however that is written', async () => {
    const authenticate = authenticateBy([{ name: 'a', grant: ['admin'], hash: hashOf('x').toUpperCase() }])
    assert.deepEqual(await authenticate(Buffer.from('x'), PEER), ['admin'])
    assert.equal(await authenticate(Buffer.from(hashOf('x')), PEER), null)
  })

  it('asks nobody about a token that is too long', async () => {
    const authenticate = (): Promise<never> => assert.fail('asked')
    const access = new SessionAccess({ grant: [], authenticate }, PEER)
    assert.equal(await access.login(new Uint8Array(5000)), false)
  })
})
