import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError } from '../../base/base.ts'
import { type HttpAnswer, type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const fronts: HttpFront[] = []

async function open(changes: HttpChanges = { grant: ['admin'] }): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

const problemOf = (answer: HttpAnswer): readonly unknown[] => [answer.status, jsonOf(answer)['code']]

describe('deletion over HTTP', () => {
  it('orders a deletion, lists it, and cancels it', async () => {
    const front = await open()
    const ordered = await front.post('/api/v1/delete', '{"query":"level:error"}')
    assert.deepEqual([ordered.status, jsonOf(ordered)['id']], [202, 'logs-1'])
    assert.deepEqual(jsonOf(await front.ask('/api/v1/tasks')), { tasks: front.hub.taskList })
    const cancelled = await front.ask('/api/v1/tasks/logs-1?x', { method: 'DELETE' })
    assert.deepEqual(jsonOf(cancelled), { id: 'logs-1', cancelled: true })
    const again = await front.ask('/api/v1/tasks/logs-1', { method: 'DELETE' })
    assert.deepEqual(problemOf(again), [404, 'TASK_UNKNOWN'])
  })

  it('refuses a body without a filter: nobody deletes everything by mistake', async () => {
    const front = await open()
    for (const body of [
      '',
      '{}',
      '[]',
      'null',
      '{"query":""}',
      '{"query":" "}',
      '{"query":5}',
      'level:error',
    ]) {
      assert.deepEqual(problemOf(await front.post('/api/v1/delete', body)), [400, 'REQUEST_INVALID'], body)
    }
    assert.deepEqual(front.hub.taskList, [])
  })

  it('shows where a filter is wrong', async () => {
    const front = await open()
    front.hub.error = new CodedError('QUERY_SYNTAX', 'a filter is missing')
    assert.deepEqual(problemOf(await front.post('/api/v1/delete', '{"query":"("}')), [400, 'QUERY_SYNTAX'])
  })

  it('is for administrators', async () => {
    const front = await open({ grant: ['read', 'write', 'chat'] })
    const answers = [
      await front.post('/api/v1/delete', '{"query":"*"}'),
      await front.ask('/api/v1/tasks'),
      await front.ask('/api/v1/tasks/logs-1', { method: 'DELETE' }),
    ]
    for (const answer of answers) assert.equal(jsonOf(answer)['code'], 'NOT_ALLOWED')
    assert.deepEqual(front.hub.taskList, [])
  })
})
