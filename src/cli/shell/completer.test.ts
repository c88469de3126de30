import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VOCABULARY } from '../../query/query.ts'
import { Completer } from './completer.ts'

function offered(line: string, learn: (completer: Completer) => void = () => {}): string[] {
  const completer = new Completer(['.help', '.tail '])
  learn(completer)
  return completer.complete(line)[0]
}

describe('the completion of the shell', () => {
  it('offers pipes behind a bar', () => {
    assert.deepEqual(offered('level:error | li'), ['limit '])
    assert.deepEqual(
      offered('* |'),
      VOCABULARY.pipes.map((name) => `${name} `),
    )
  })

  it('offers fields, functions and keywords where a filter may stand, behind brackets too', () => {
    assert.deepEqual(offered('lev'), ['level:'])
    assert.deepEqual(offered('x (no'), ['not '])
    assert.deepEqual(offered('a an'), ['and '])
    assert.deepEqual(offered('equals_any_c'), offered('level:equals_any_c'))
  })

  it('offers functions behind a colon and fields behind a pipe', () => {
    assert.deepEqual(offered('level:in'), ['in('])
    assert.deepEqual(offered('* | fields _m'), ['_msg'])
  })

  it('offers commands of the shell at the start only', () => {
    assert.deepEqual(offered('.t'), ['.tail '])
    assert.deepEqual(offered('x .t'), [])
  })

  it('says what the words replace', () => {
    assert.deepEqual(new Completer([]).complete('x lev'), [['level:'], 'lev'])
  })

  it('learns fields of answers and of queries, outside quotes', () => {
    const learn = (completer: Completer): void => {
      completer.learn(['service', 'http.status'])
      completer.learnFrom(`serial:5 "server:" 'sea:' (serious:x)`)
    }
    assert.deepEqual(offered('se', learn), ['serial:', 'serious:', 'service:'])
    assert.deepEqual(offered('http.s', learn), ['http.status:'])
  })

  it('never offers a name that could act on the terminal, nor any number of names', () => {
    const learn = (completer: Completer): void => {
      completer.learn(['x\x1b[2Jy', 'x y', 'x\u202ey', 'x'.repeat(100)])
      completer.learn(Array.from({ length: 10_000 }, (_, i) => `z${i}`))
    }
    assert.deepEqual(offered('x', learn), [])
    assert.ok(offered('z', learn).length <= 500)
  })
})
