import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemError } from '../../base/base.ts'
import { FakeServer } from '../fake-io.ts'
import { CHECKS } from './checks.ts'
import { clockCheck } from './clock-check.ts'
import { directoryCheck } from './directory-check.ts'
import { fakeMachine, findings, NOW_MS } from './fake-machine.ts'
import { memoryCheck } from './memory-check.ts'
import { openFilesCheck } from './open-files-check.ts'
import { permissionsCheck } from './permissions-check.ts'
import { portsCheck } from './ports-check.ts'
import { spaceCheck } from './space-check.ts'
import { syncCheck } from './sync-check.ts'

const MIB = 1024 ** 2
const ONE_PORT = { 'query-listen': 'off', 'irc-listen': 'off', 'http-listen': 'off', 'udp-enabled': 'false' }
const inUse = async (): Promise<string> => 'EADDRINUSE'

describe('every check', () => {
  it('has a name of its own, and finds something where all is well', async () => {
    const names = CHECKS.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
    for (const check of CHECKS) {
      const found = await findings(check, fakeMachine())
      assert.ok(found.length > 0, check.name)
      for (const text of found) assert.match(text, /^ok: /, check.name)
    }
  })
})

describe('the check of ports', () => {
  it('says of each address that it is free', async () => {
    assert.deepEqual(
      await findings(portsCheck, fakeMachine(), { 'irc-listen': 'off', 'http-listen': '127.0.0.1:0' }),
      [
        'ok: log, 127.0.0.1:9999: free',
        'ok: log, 127.0.0.1:9999 (UDP): free',
        'ok: query, 127.0.0.1:9998: free',
        'ok: http, 127.0.0.1:0: any free port will do',
      ],
    )
  })

  it('takes a port for well that the LogCaster of this data directory holds', async () => {
    const machine = fakeMachine({
      tryListen: inUse,
      listenerOf: async () => ({ pid: 7, name: 'node' }),
      userOfDirectory: async () => ({ pid: 7 }),
    })
    assert.deepEqual(await findings(portsCheck, machine, ONE_PORT), [
      'ok: log, 127.0.0.1:9999: held by the LogCaster that runs (process 7)',
    ])
  })

  it('does not take a program for ours because somebody uses the data directory', async () => {
    const machine = fakeMachine({
      tryListen: inUse,
      listenerOf: async () => ({ pid: 8, name: 'nc' }),
      userOfDirectory: async () => ({ pid: 7 }),
    })
    const [found] = await findings(portsCheck, machine, { ...ONE_PORT, 'log-listen': '127.0.0.1:1' })
    assert.match(found, /^problem: log, 127\.0\.0\.1:1: taken by nc \(process 8\) >/)
  })

  it('names the program that holds a port', async () => {
    const machine = fakeMachine({ tryListen: inUse, listenerOf: async () => ({ pid: 8, name: 'python3' }) })
    assert.deepEqual(
      await findings(portsCheck, machine, {
        ...ONE_PORT,
        'log-listen': 'off',
        'irc-listen': '127.0.0.1:6667',
      }),
      [
        'problem: irc, 127.0.0.1:6667: taken by python3 (process 8) > Stop it, or choose another port with ports.irc.listen.',
      ],
    )
  })

  it('finds out by a ping that it is another LogCaster, whose process it may not see', async () => {
    await using server = await FakeServer.open((_text, socket) => socket.write('PONG\n'))
    const listen = `127.0.0.1:${server.port}`
    const flags = { ...ONE_PORT, 'log-listen': listen }
    const free = await findings(portsCheck, fakeMachine({ tryListen: inUse }), flags)
    assert.match(
      free[0],
      /^problem: log, .* taken by another LogCaster > Stop it, .* data directory \/data\.$/,
    )
    const machine = fakeMachine({ tryListen: inUse, userOfDirectory: async () => ({ pid: null }) })
    assert.deepEqual(await findings(portsCheck, machine, flags), [
      `ok: log, ${listen}: held by the LogCaster that runs`,
    ])
  })

  it('looks at the datagrams of the log port by themselves', async () => {
    const machine = fakeMachine({
      tryListen: async (_address, transport) => (transport === 'udp' ? 'EADDRINUSE' : null),
      listenerOf: async (_address, transport) => (transport === 'udp' ? { pid: 8, name: 'rsyslogd' } : null),
    })
    const flags = { ...ONE_PORT, 'log-listen': '127.0.0.1:1', 'udp-enabled': 'true' }
    assert.deepEqual(await findings(portsCheck, machine, flags), [
      'ok: log, 127.0.0.1:1: free',
      'problem: log, 127.0.0.1:1 (UDP): taken by rsyslogd (process 8) > Stop it, or choose another port with ports.log.listen.',
    ])
  })

  it('leaves datagrams out where the log port takes none', async () => {
    const tls = { 'log-tls-cert': 'cert.pem', 'log-tls-key': 'file:key.pem' }
    for (const [option, value] of [
      ['log-protocol', 'http'],
      ['log-tls-only', 'true'],
      ['log-listen', 'off'],
    ]) {
      const found = await findings(portsCheck, fakeMachine(), { ...tls, [option]: value })
      assert.ok(!found.some((text) => text.includes('UDP')), found.join())
    }
  })

  it('says that somebody answers with something else', async () => {
    await using server = await FakeServer.open((_text, socket) => socket.write('SSH-2.0\n'))
    const flags = { ...ONE_PORT, 'log-listen': `127.0.0.1:${server.port}` }
    const [found] = await findings(portsCheck, fakeMachine({ tryListen: inUse }), flags)
    assert.match(found, /taken by another program, not one of this user's >/)
  })

  for (const [code, listen, expected] of [
    [
      'EACCES',
      '127.0.0.1:514',
      'only root may listen on ports up to 1023 > Choose a port above 1023 with ports.log.listen.',
    ],
    [
      'EADDRNOTAVAIL',
      '127.0.0.9:9999',
      'cannot be listened on (EADDRNOTAVAIL) > Name an address of this machine with ports.log.listen.',
    ],
  ]) {
    it(`explains ${code}`, async () => {
      const machine = fakeMachine({ tryListen: async () => code })
      assert.deepEqual(await findings(portsCheck, machine, { ...ONE_PORT, 'log-listen': listen }), [
        `problem: log, ${listen}: ${expected}`,
      ])
    })
  }
})

describe('the check of the data directory', () => {
  const look = (options: Parameters<typeof fakeMachine>[0]) => findings(directoryCheck, fakeMachine(options))

  it('knows that the first start makes one, where it may', async () => {
    assert.deepEqual(await look({ paths: { '/data': null } }), [
      'ok: /data is not there yet; the first start makes it',
    ])
    const [found] = await look({ paths: { '/data': null }, isWritable: async () => false })
    assert.match(found, /^problem: \/data is not there, and this user may not make it in \/ > Give the user/)
  })

  it('tells who uses it, and what its file system is', async () => {
    assert.deepEqual(await look({ userOfDirectory: async () => ({ pid: 12 }) }), [
      'ok: /data: writable, in use by process 12; a second server would need its own',
      'ok: its file system is ext4',
    ])
  })

  for (const [type, status] of [
    ['tmpfs', 'warning: its file system, tmpfs, is memory: every record is lost'],
    ['nfs', 'warning: its file system, nfs, is on another machine'],
    ['xfs', 'ok: its file system is xfs'],
    [null, 'ok: the type of its file system is not known here'],
  ] as const) {
    it(`judges the file system ${type}`, async () => {
      const fileSystem = async () => ({ type, freeBytes: 1, totalBytes: 2 })
      assert.ok((await look({ fileSystem }))[1].startsWith(status))
    })
  }

  it('is a problem when it is a file, or when this user may not write', async () => {
    const file = await look({ paths: { '/data': { isDirectory: false, mode: 0o644 } } })
    assert.deepEqual(file, ['problem: /data is not a directory > Choose another one with dataDir.'])
    assert.match(
      (await look({ isWritable: async () => false }))[0],
      /^problem: \/data: this user may not write there >/,
    )
  })
})

describe('the check of permissions', () => {
  it('minds what others may do with the data directory', async () => {
    for (const [mode, status] of [
      [0o750, 'ok: /data has mode 0750'],
      [0o755, 'warning: /data has mode 0755: everybody may look into it > chmod o= /data'],
      [0o777, 'problem: /data has mode 0777: everybody may change it > chmod o= /data'],
    ] as const) {
      const machine = fakeMachine({ paths: { '/data': { isDirectory: true, mode } } })
      assert.deepEqual(await findings(permissionsCheck, machine), [status])
    }
  })

  it('minds who may read private keys, each file once', async () => {
    const flags = {
      'log-tls-cert': 'cert.pem',
      'log-tls-key': 'file:key.pem',
      'query-tls-cert': 'cert.pem',
      'query-tls-key': 'file:key.pem',
    }
    for (const [mode, status] of [
      [0o600, 'ok: the key key.pem has mode 0600'],
      [0o640, 'warning: the key key.pem has mode 0640: its group may use it > chmod 600 key.pem'],
      [0o644, 'problem: the key key.pem has mode 0644: everybody may use it > chmod 600 key.pem'],
    ] as const) {
      const machine = fakeMachine({ paths: { 'key.pem': { isDirectory: false, mode } } })
      assert.deepEqual((await findings(permissionsCheck, machine, flags)).slice(1), [status])
    }
  })
})

describe('the check of disk space', () => {
  for (const [freeMib, status] of [
    [10_000, 'ok: 9.77 GiB of 1.00 TiB free, at least 64.0 MiB must be'],
    [200, 'warning: 200 MiB of 1.00 TiB free, at least 64.0 MiB must be > Make room soon, or add a disk.'],
    [
      3,
      'problem: 3.00 MiB of 1.00 TiB free, at least 64.0 MiB must be > Make room: records are refused until then. Queries work.',
    ],
  ] as const) {
    it(`judges ${freeMib} MiB`, async () => {
      const fileSystem = async () => ({ type: 'ext4', freeBytes: freeMib * MIB, totalBytes: 2 ** 40 })
      assert.deepEqual(await findings(spaceCheck, fakeMachine({ fileSystem })), [status])
    })
  }
})

describe('the check of disk sync', () => {
  const probing = (syncsMs: readonly number[]) =>
    fakeMachine({ probeDisk: async () => ({ syncsMs, fileMs: NOW_MS, wallMs: NOW_MS }) })

  for (const [syncsMs, status] of [
    [[1, 90, 2], 'ok: 4 KiB written and synced 3 times: 2.00 ms, at most 90.00 ms'],
    [[30, 31, 2], 'warning: 4 KiB written and synced 3 times: 30.00 ms, at most 31.00 ms > Every ack'],
    [[3000, 3000, 3000], 'problem: 4 KiB written and synced 3 times: 3000.00 ms'],
  ] as const) {
    it(`judges ${syncsMs.join(', ')} ms by the median`, async () => {
      const [found] = await findings(syncCheck, probing(syncsMs))
      assert.ok(found.startsWith(status), found)
    })
  }

  it('is a problem when nothing can be written', async () => {
    const machine = fakeMachine({
      probeDisk: () => Promise.reject(systemError('EROFS', 'read-only file system')),
    })
    const [found] = await findings(syncCheck, machine)
    assert.match(
      found,
      /^problem: a file in \/data could not be written and synced: EROFS: read-only file system >/,
    )
  })
})

describe('the check of the clock', () => {
  it('shows the time and both time zones', async () => {
    assert.deepEqual(await findings(clockCheck, fakeMachine(), { 'record-time-zone': 'Europe/Berlin' }), [
      'ok: 2026-11-20T12:00:00.000Z; the machine is in Asia/Seoul, lines without a zone are read as Europe/Berlin',
      'ok: new files have the time of this clock',
      'ok: kept right by NTP',
    ])
  })

  it('notices that files have another time, and that nothing keeps the clock right', async () => {
    const machine = fakeMachine({
      probeDisk: async () => ({ syncsMs: [1], fileMs: NOW_MS - 90_000, wallMs: NOW_MS }),
      isClockSynchronised: async () => false,
    })
    const [, file, ntp] = await findings(clockCheck, machine)
    assert.match(file, /^warning: new files are 90000 ms behind this clock > /)
    assert.match(ntp, /^warning: not kept right by NTP > Set the clock/)
  })
})

describe('the check of open files', () => {
  for (const [most, status] of [
    [null, 'ok: the system tells no limit'],
    [20_000, 'ok: 20000 may be open at once; 10000 connections on all ports need 10128'],
    [1024, 'warning: 1024 may be open at once; 10000 connections on all ports need 10128 > Raise the limit'],
    [100, 'problem: 100 may be open at once;'],
  ] as const) {
    it(`judges a limit of ${most}`, async () => {
      const [found] = await findings(openFilesCheck, fakeMachine({ openFilesMax: () => most }), ONE_PORT)
      assert.ok(found.startsWith(status), found)
    })
  }
})

describe('the check of memory', () => {
  for (const [totalMib, availableMib, status] of [
    [2048, 1024, 'ok: 1.00 GiB of 2.00 GiB available; memory.bytesMax is 768 MiB'],
    [2048, 300, 'warning: 300 MiB of 2.00 GiB available;'],
    [512, 300, 'problem: 300 MiB of 512 MiB available;'],
  ] as const) {
    it(`judges ${availableMib} of ${totalMib} MiB`, async () => {
      const memory = () => ({ totalBytes: totalMib * MIB, availableBytes: availableMib * MIB })
      const [found] = await findings(memoryCheck, fakeMachine({ memory }), { 'memory-bytes-max': '768MiB' })
      assert.ok(found.startsWith(status), found)
    })
  }
})
