import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SendWindow } from './send-window.ts'

describe('SendWindow', () => {
  it('runs a few tasks at a time, and begins the next when one is done', async () => {
    const window = new SendWindow(2)
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>())
    const begun: number[] = []
    const start = (n: number): Promise<void> =>
      window.start(async () => {
        begun.push(n)
        await gates[n].promise
      })
    await start(0)
    await start(1)
    const third = start(2)
    assert.deepEqual(begun, [0, 1])
    gates[1].resolve()
    await third
    assert.deepEqual(begun, [0, 1, 2])
    for (const gate of gates) gate.resolve()
    await window.settled()
    window.check()
  })

  it('begins nothing after a failure, waits for the others, and throws the first', async () => {
    const window = new SendWindow(3)
    let isDone = false
    await window.start(async () => {
      await Promise.resolve()
      isDone = true
    })
    const gate = Promise.withResolvers<void>()
    for (const name of ['first', 'second']) {
      await window.start(async () => {
        await gate.promise
        throw new Error(name)
      })
    }
    gate.resolve()
    await window.settled()
    assert.equal(isDone, true)
    assert.throws(() => window.check(), /first/)
    await assert.rejects(
      window.start(async () => assert.fail('it was begun')),
      /first/,
    )
  })
})
