import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionRoom } from './connection-room.ts'

test('connections stay below the limit of open files, with some files left for the store', () => {
  assert.equal(new ConnectionRoom(20_000).limit(10_000), 10_000)
  assert.equal(new ConnectionRoom(1024).limit(10_000), 896)
})

test('no limit of its own means as many as the system allows', () => {
  assert.equal(new ConnectionRoom(1024).limit(0), 896)
})

test('there is always room for one', () => {
  assert.equal(new ConnectionRoom(10).limit(5), 1)
})
