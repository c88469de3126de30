import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageCounters } from './message-counters.ts'

test('clients have a bound: who was silent for the longest is added to the others', () => {
  const counters = new MessageCounters(2)
  counters.count('ping', '10.0.0.1', 1.00049, false)
  counters.count('ping', '10.0.0.2', 2, true)
  counters.count('log', '10.0.0.1', 3, false)
  counters.count('log', '10.0.0.3', 4, false)
  assert.deepEqual(counters.stats(), {
    types: {
      ping: { messages: 2, errors: 1, processingMs: 3 },
      log: { messages: 2, errors: 0, processingMs: 7 },
    },
    clients: {
      '10.0.0.1': { messages: 2, errors: 0, processingMs: 4 },
      '10.0.0.3': { messages: 1, errors: 0, processingMs: 4 },
    },
    others: { messages: 1, errors: 1, processingMs: 2 },
  })
})
