import assert from 'node:assert/strict'
import { it } from 'node:test'
import { METRICS } from './metrics.ts'
import { HttpFront } from './test-http.ts'

it('counts for Prometheus what the server counts', async () => {
  const front = await HttpFront.open()
  await front.post('/api/v1/logs', '{"_msg":"one"}\nx\n')
  await front.ask('/nothing/that/is/here')
  const { headers, text } = await front.ask('/metrics')
  await front.close()
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  for (const line of [
    'logcaster_info{version="1.2.3"} 1',
    'logcaster_connections{port="http"} 1',
    'logcaster_protocol_records_total{protocol="http"} 1',
    'logcaster_protocol_refused_total{protocol="http"} 1',
    'logcaster_store_records{store="logs"} 1',
    'logcaster_store_writable{store="logs"} 1',
    'logcaster_query_memory_bytes 0',
    'logcaster_answer_memory_bytes 0',
    'logcaster_http_requests_total{route="/api/v1/logs",status="200"} 1',
    'logcaster_http_requests_total{route="none",status="404"} 1',
    'logcaster_http_request_seconds_bucket{route="/api/v1/logs",le="+Inf"} 1',
    'logcaster_http_request_seconds_count{route="/api/v1/logs"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is missing in\n${text}`)
  }
})

it('names metrics as Prometheus wants them', () => {
  for (const { name, help, kind } of METRICS) {
    assert.match(name, /^(?:logcaster|process)_[a-z0-9_]+$/)
    assert.match(help, /^[A-Z].*\.$/, name)
    const isTotal = /_(?:total|bucket|sum|count)$/.test(name)
    assert.equal(isTotal, kind === 'counter', name)
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length)
})
