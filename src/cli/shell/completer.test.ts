import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VOCABULARY } from '../../query/query.ts'
import { Completer } from './completer.ts'

async function offered(line: string, learn: (completer: Completer) => void = () => {}): Promise<string[]> {
  const completer = new Completer(['.help', '.tail '])
  learn(completer)
  return (await completer.complete(line))[0]
}

describe('the completion of the shell', () => {
  it('offers pipes behind a bar', async () => {
    assert.deepEqual(await offered('level:error | li'), ['limit '])
    assert.deepEqual(await offered('* |'), VOCABULARY.pipes.map((name) => `${name} `).toSorted())
  })

  it('offers fields, functions and keywords where a filter may stand, behind brackets too', async () => {
    assert.deepEqual(await offered('lev'), ['level:'])
    assert.deepEqual(await offered('x (no'), ['not '])
    assert.deepEqual(await offered('a an'), ['and '])
    assert.deepEqual(await offered('equals_any_c'), await offered('level:equals_any_c'))
  })

  it('offers functions behind a colon and fields behind a pipe', async () => {
    assert.deepEqual(await offered('level:in'), ['in('])
    assert.deepEqual(await offered('* | fields _m'), ['_msg'])
  })

  it('offers commands of the shell at the start only', async () => {
    assert.deepEqual(await offered('.t'), ['.tail '])
    assert.deepEqual(await offered('x .t'), [])
  })

  it('says what the words replace', async () => {
    assert.deepEqual(await new Completer([]).complete('x lev'), [['level:'], 'lev'])
  })

  it('learns fields of answers and of queries, outside quotes', async () => {
    const learn = (completer: Completer): void => {
      completer.learn(['service', 'http.status'])
      completer.learnFrom(`serial:5 "server:" 'sea:' (serious:x)`)
    }
    assert.deepEqual(await offered('se', learn), ['seq(', 'serial:', 'serious:', 'service:'])
    assert.deepEqual(await offered('http.s', learn), ['http.status:'])
  })

  it('asks the server for fields, and for values behind a colon, once', async () => {
    const asked: string[] = []
    const lookUp = async (query: string): Promise<string[]> => {
      asked.push(query)
      return query.includes('field_values') ? ['web-1', 'web-2', 'x\x1b[2J'] : ['host', 'he llo']
    }
    const completer = new Completer([], lookUp)
    assert.deepEqual(await completer.complete('hos'), [['host:'], 'hos'])
    assert.deepEqual(await completer.complete('host:we'), [['web-1 ', 'web-2 '], 'we'])
    assert.deepEqual(await completer.complete('host:we'), [['web-1 ', 'web-2 '], 'we'])
    assert.equal(asked.filter((query) => query.includes('field_values')).length, 1)
  })

  it('never offers a name that could act on the terminal, nor any number of names', async () => {
    const learn = (completer: Completer): void => {
      completer.learn(['x\x1b[2Jy', 'x y', 'x\u202ey', 'x'.repeat(100)])
      completer.learn(Array.from({ length: 10_000 }, (_, i) => `z${i}`))
    }
    assert.deepEqual(await offered('x', learn), [])
    assert.ok((await offered('z', learn)).length <= 500)
  })
})
