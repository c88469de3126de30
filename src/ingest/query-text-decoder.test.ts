import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ByteBudget } from './byte-budget.ts'
import { QUERY_LINE_BYTES_MAX, type QueryRequest, QueryTextDecoder } from './query-text-decoder.ts'

function decode(
  chunks: readonly Uint8Array[],
  lineBytesMax = 100,
  budget = new ByteBudget(1 << 20),
): string[] {
  const decoder = new QueryTextDecoder(budget, lineBytesMax)
  const requests: string[] = []
  const drain = (): void => {
    for (let request = decoder.next(); request !== null; request = decoder.next())
      requests.push(describeRequest(request))
  }
  for (const chunk of chunks) {
    decoder.push(chunk)
    drain()
  }
  decoder.end()
  drain()
  return requests
}

function describeRequest(request: QueryRequest): string {
  switch (request.kind) {
    case 'query':
      return `query ${request.dialect} ${request.type} <${request.parameter}>`
    case 'auth':
      return `auth <${Buffer.from(request.token).toString('latin1')}>`
    case 'bad':
      return `bad ${request.dialect} ${request.refusal}`
    default:
      return request.kind
  }
}

const VECTORS: readonly {
  readonly name: string
  readonly input: string
  readonly requests: readonly string[]
}[] = [
  {
    name: 'both dialects',
    input: 'QUERY|KEYWORD|disk full\nQUERY:disk: full\n',
    requests: ['query main KEYWORD <disk full>', 'query short KEYWORD <disk: full>'],
  },
  {
    name: 'types and words in any case, and a carriage return',
    input: 'query|count|level:ERROR\r\nHelp\r\nPING\nstats\nquit\n',
    requests: ['query main COUNT <level:ERROR>', 'help', 'ping', 'stats', 'quit'],
  },
  {
    name: 'bars in a parameter, and no parameter at all',
    input: 'QUERY|LOGSQL|* | limit 5\nQUERY|STATS|\nQUERY|STATS\nQUERY| tail |*\nQUERY|\nQUERY:\n',
    requests: [
      'query main LOGSQL <* | limit 5>',
      'query main STATS <>',
      'query main STATS <>',
      'query main TAIL <*>',
      'query main  <>',
      'query short KEYWORD <>',
    ],
  },
  {
    name: 'a token as it came',
    input: 'AUTH|a|b \xff\n',
    requests: ['auth <a|b \xff>'],
  },
  {
    name: 'empty lines and lines that are no request',
    input: '\n  \r\nGET / HTTP/1.1\nQUERIES\n\0\x01\n',
    requests: [
      'blank',
      'blank',
      'bad main unknownRequest',
      'bad main unknownRequest',
      'bad main unknownRequest',
    ],
  },
  {
    name: 'bytes that are no UTF-8',
    input: 'QUERY|KEYWORD|\xff\nQUERY:\xc3\nQUERY|KEYWORD|\xc3\xa9\n',
    requests: ['bad main notUtf8', 'bad short notUtf8', 'query main KEYWORD <é>'],
  },
  {
    name: 'lines that are too long, and what follows them',
    input: `QUERY|KEYWORD|${'x'.repeat(86)}\nQUERY|KEYWORD|${'x'.repeat(87)}\nQUERY:${'x'.repeat(300)}\nPING\n`,
    requests: [`query main KEYWORD <${'x'.repeat(86)}>`, 'bad main tooLong', 'bad short tooLong', 'ping'],
  },
  {
    name: 'a last line without a newline',
    input: 'PING\nQUERY|COUNT|*',
    requests: ['ping', 'query main COUNT <*>'],
  },
]

describe('QueryTextDecoder', () => {
  for (const { name, input, requests } of VECTORS) {
    it(`decodes ${name}, wherever the bytes are cut`, () => {
      const bytes = Buffer.from(input, 'latin1')
      assert.deepEqual(decode([bytes]), requests)
      assert.deepEqual(
        decode(Array.from(bytes, (byte) => Uint8Array.of(byte))),
        requests,
        'cut at every byte',
      )
      for (let at = 1; at < bytes.length; at++) {
        assert.deepEqual(decode([bytes.subarray(0, at), bytes.subarray(at)]), requests, `cut at ${at}`)
      }
    })
  }

  it('takes lines of 64 KiB and not one byte more', () => {
    const longest = `QUERY:${'x'.repeat(QUERY_LINE_BYTES_MAX - 6)}`
    const requests = decode([Buffer.from(`${longest}\n${longest}x\n`)], QUERY_LINE_BYTES_MAX)
    assert.equal(requests[0].length, longest.length + 'query short KEYWORD <>'.length - 'QUERY:'.length)
    assert.equal(requests[1], 'bad short tooLong')
  })

  it('refuses a half line when the memory for half lines is spent', () => {
    const budget = new ByteBudget(0)
    assert.deepEqual(
      decode([Buffer.from('QUERY:'), Buffer.from('x'.repeat(2000)), Buffer.from('\nPING\n')], 5000, budget),
      ['bad short overload', 'ping'],
    )
  })
})
