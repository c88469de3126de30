/** `logcaster backup`, `restore` and `parts`, against servers in this process. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { hashToken, printTokenEntry } from '../config/config.ts'
import { type EmbeddedServer, startServer } from '../main.ts'
import { run } from './fake-io.ts'

const TOKEN = 'lc_an-admin'

describe('logcaster parts, backup and restore', () => {
  let root = ''
  const servers: EmbeddedServer[] = []

  async function start(dataDir: string): Promise<EmbeddedServer> {
    const off = { listen: 'off' }
    const entry = printTokenEntry({ name: 'boss', grant: ['admin', 'read'], hash: hashToken(TOKEN) })
    const ports = { log: off, query: off, irc: off, http: { listen: '127.0.0.1:0' } }
    const server = await startServer({ config: { dataDir, tokens: [entry], ports } })
    servers.push(server)
    return server
  }

  const logcaster = (server: EmbeddedServer, ...words: readonly string[]) =>
    run([...words, '--http-port', server.addresses('http')[0].split(':')[1], '--token', TOKEN])

  let first: EmbeddedServer
  let second: EmbeddedServer

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'logcaster-parts-'))
    first = await start(join(root, 'first'))
    second = await start(join(root, 'second'))
    await first.hub.write([
      { message: 'old', time: '2026-11-16T10:00:00Z', fields: { n: 1 } },
      { message: 'older', time: '2026-11-15T10:00:00Z' },
      { message: 'to be deleted', time: '2026-11-16T11:00:00Z' },
    ])
  })

  after(async () => {
    for (const server of servers) await server.close(0)
    await rm(root, { recursive: true })
  })

  it('lists parts, and what is not in one yet', async () => {
    const { out } = await logcaster(first, 'parts', 'list', '-o', 'table')
    assert.equal(out, '0 parts, 0 records, 0 B; 3 records not sealed yet\n')
    await logcaster(first, 'flush')
    assert.equal((await logcaster(first, 'delete', 'deleted', '--yes', '--wait')).code, 0)
    const table = await logcaster(first, 'parts', 'list', '-o', 'table')
    assert.match(table.out, /^part +day +records +deleted/)
    // The part may have been written anew without the deleted record.
    assert.match(
      table.out,
      /2026-11-16 +[12] +[01] +\d+ B +0 +1-[13] +2026-11-16T10:00:00Z +2026-11-16T1[01]:00:00Z\n/,
    )
    assert.match(table.out, /\n2 parts, 2 records, /)
    const json = JSON.parse((await logcaster(first, 'parts', 'list', '--json')).out)
    assert.deepEqual(
      json.parts.map(({ day }: { day: string }) => day),
      ['2026-11-16', '2026-11-15'],
    )
  })

  it('exports what it is asked for, and imports it elsewhere once', async () => {
    const directory = join(root, 'export')
    const exported = await logcaster(
      first,
      'parts',
      'export',
      directory,
      '--day',
      '2026-11-16',
      '-o',
      'table',
    )
    assert.equal(exported.code, 0, exported.err)
    assert.match(exported.out, /^exported 1 record, 1 part, \d+ B to \//)
    assert.deepEqual((await readdir(directory)).length, 2)
    const imported = await logcaster(second, 'parts', 'import', directory, '-o', 'table')
    assert.deepEqual([imported.code, imported.out], [0, 'imported 1 record of 1 file\n'])
    const again = await logcaster(second, 'parts', 'import', directory, '-o', 'table')
    assert.equal(again.out, 'imported 0 records of 1 file; there already: 1\n')
    const rows: unknown[] = []
    for await (const { _time, _msg, n } of second.hub.rows('*')) rows.push([_time, _msg, n])
    assert.deepEqual(rows, [['2026-11-16T10:00:00Z', 'old', 1]])
  })

  it('names what is damaged, and imports the rest where it is told to', async () => {
    const directory = join(root, 'damaged')
    await logcaster(first, 'parts', 'export', directory)
    const [name] = (await readdir(directory)).filter((each) => each.startsWith('2026-11-15'))
    const bytes = await readFile(join(directory, name))
    bytes[40] ^= 1
    await writeFile(join(directory, name), bytes)
    const refused = await logcaster(second, 'parts', 'import', directory)
    assert.equal(refused.code, 1)
    assert.match(refused.err, new RegExp(`there is damage: ${name}: block 0 .* With --partial the rest is`))
    const own = await logcaster(first, 'parts', 'import', join(root, 'export'))
    assert.match(own.err, /, as parts of its own\. With --again their records are stored twice\.\n$/)
    const partial = await logcaster(second, 'parts', 'import', directory, '--partial', '-o', 'table')
    assert.equal(partial.code, 5)
    assert.match(partial.err, new RegExp(`^left out: ${name}: block 0 \\(ids 2 to 2 of the file\\)`))
    assert.match(partial.out, /of 2 files/)
  })

  it('says what is wrong with a command line', async () => {
    for (const [words, text] of [
      [['list', 'x'], /takes no word/],
      [['export'], /needs DIR/],
      [['import', '/x', '--day', '2026-11-16'], /has no --day/],
      [['export', '/x', '--day', 'monday'], /--day must be a date/],
      [['export', '/x', '--day', '2026-11-16', '--since', '7d'], /leave those out/],
      [
        ['export', join(root, 'never'), '--since', '2026-11-18', '--until', '2026-11-17'],
        /^--until 2026-11-17 is before --since 2026-11-18: no time lies between them\n$/,
      ],
      [
        ['export', join(root, 'never'), '--since', '1h', '--until', '2h'],
        /^--until 2h is before --since 1h: /,
      ],
      [
        ['export', join(root, 'never'), '--since', '2026-11-18T10:00Z', '--until', '2026-11-18T09:59Z'],
        /is before --since/,
      ],
    ] as const) {
      const { code, err } = await logcaster(first, 'parts', ...words)
      assert.equal(code, 2, words.join(' '))
      assert.match(err, text)
    }
    const time = await logcaster(first, 'parts', 'export', join(root, 'never'), '--since', 'gestern')
    assert.deepEqual([time.code, /`since` must be a time/.test(time.err)], [2, true])
    const store = await logcaster(first, 'parts', 'list', '--store', 'other')
    assert.match(store.err, /There is no store `other`/)
    const stranger = await run(['parts', 'import', '/x', '--http-port', '1'])
    assert.equal(stranger.code, 3)
  })

  it('backs up, and restores into a directory of its own, of which a server runs', async () => {
    const backup = join(root, 'backup')
    assert.equal((await logcaster(first, 'backup', backup)).code, 0)
    const dataDir = join(root, 'restored')
    assert.equal((await run(['restore', backup])).code, 2)
    const restored = await run(['restore', backup, '--data-dir', dataDir, '-o', 'table'])
    assert.equal(restored.code, 0, restored.err)
    assert.match(restored.out, /^restored 2 records, \d+ files, .+ to \//)
    const again = await run(['restore', backup, '--data-dir', dataDir])
    assert.equal(again.code, 1)
    assert.match(again.err, /is not empty: it has stores\/logs\//)
    const locked = await run(['restore', join(root, 'first'), '--data-dir', join(root, 'never')])
    assert.match(locked.err, /in use/)
    const server = await start(dataDir)
    assert.equal(await server.hub.count('*'), 2)
    await server.hub.write([{ message: 'goes on' }])
    assert.equal((await run(['verify', '--data-dir', backup])).code, 0, 'the backup is what it was')
  })

  it('restores a damaged backup only where it is told to', async () => {
    const backup = join(root, 'broken')
    await logcaster(first, 'backup', backup)
    const store = join(backup, 'stores/logs')
    const [name] = (await readdir(store)).filter((each) => each.startsWith('part-'))
    const bytes = await readFile(join(store, name))
    bytes[40] ^= 1
    await writeFile(join(store, name), bytes)
    const dataDir = join(root, 'partly')
    const refused = await run(['restore', backup, '--data-dir', dataDir])
    assert.deepEqual([refused.code, refused.err.includes(`logs/${name}`)], [1, true])
    const partial = await run(['restore', backup, '--data-dir', dataDir, '--partial', '--json'])
    assert.equal(partial.code, 5)
    assert.deepEqual(
      JSON.parse(partial.out).damaged.map(({ file }: { file: string }) => file),
      [`logs/${name}`],
    )
  })
})
