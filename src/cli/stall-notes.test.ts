import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { StallNotes } from './stall-notes.ts'

describe('StallNotes', () => {
  function started() {
    const clock = new SimulatedClock()
    const said: string[] = []
    const stall = new StallNotes(clock, {
      begins: (since) => said.push(`begins ${since}`),
      ends: (seconds) => said.push(`ends ${seconds}`),
    })
    return { clock, said, stall }
  }

  it('says nothing of pauses below five seconds, however many there are', () => {
    const { clock, said, stall } = started()
    for (let i = 0; i < 10; i++) {
      stall.expect()
      clock.advance(4999)
      stall.progress()
    }
    assert.deepEqual(said, [])
  })

  it('says nothing while nothing is expected', () => {
    const { clock, said, stall } = started()
    clock.advance(60_000)
    stall.expect()
    stall.progress()
    clock.advance(60_000)
    assert.deepEqual(said, [])
  })

  it('counts from the first thing that is expected, and says each stall once, and its end', () => {
    const { clock, said, stall } = started()
    for (let i = 0; i < 3; i++) {
      stall.expect()
      clock.advance(4000)
    }
    assert.deepEqual(said, ['begins 2026-01-01T00:00:00Z'])
    stall.progress()
    stall.progress()
    stall.expect()
    clock.advance(5000)
    assert.deepEqual(said.slice(1), ['ends 12', 'begins 2026-01-01T00:00:12Z'])
  })

  it('says nothing once it is closed', () => {
    const { clock, said, stall } = started()
    stall.expect()
    stall.close()
    clock.advance(60_000)
    stall.expect()
    clock.advance(60_000)
    assert.deepEqual(said, [])
  })
})
