import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { row, runPipeText } from '../test-pipes.ts'
import { FORMAT_OPTIONS } from './format-options.ts'

function assertOption(option: string, pairs: readonly (readonly [string, string])[]): void {
  for (const [value, wanted] of pairs)
    assert.equal(FORMAT_OPTIONS.get(option)?.(value), wanted, `${option} of ${value}`)
}

test('fields stand in the text, and what is absent is nothing', async () => {
  const rows = [row({ a: '1', b: 'x' }), row({ b: 'y' })]
  assert.deepEqual(await runPipeText('format "<a>-<b><a>&lt;<_><nothing>" as t | fields t', rows), [
    [['t', '1-x1<']],
    [['t', '-y<']],
  ])
  assert.deepEqual(await runPipeText('format "" as b', rows), [[['a', '1']], []])
})

test('without a name the text is the message', async () => {
  assert.deepEqual(await runPipeText('format "<_msg>!"', [row({ _msg: 'a' })]), [[['_msg', 'a!']]])
})

test('what a row has is kept where that is asked for', async () => {
  const rows = [row({ a: '1', t: 'x' }), row({ t: 'y' }), row({ a: '2' })]
  const t = async (options: string) => await runPipeText(`format "<a>" as t ${options} | fields t`, rows)
  assert.deepEqual(await t('keep_original_fields'), [[['t', 'x']], [['t', 'y']], [['t', '2']]])
  assert.deepEqual(await t('skip_empty_results'), [[['t', '1']], [['t', 'y']], [['t', '2']]])
  assert.deepEqual(await runPipeText('format if (a:1) "<uc:t>" as t | fields t', rows), [
    [['t', 'X']],
    [['t', 'y']],
    [],
  ])
})

test('texts are encoded and decoded', () => {
  assertOption('q', [
    ['a"b\n', '"a\\"b\\n"'],
    ['', '""'],
  ])
  assertOption('uc', [['größe', 'GRÖSSE']])
  assertOption('urlencode', [['a b/ü~_.-', 'a+b%2F%C3%BC~_.-']])
  assertOption('urldecode', [
    ['a+b%2F%c3%bc', 'a b/ü'],
    ['50%', '50%'],
    ['%zz', '%zz'],
    ['100%+of%20%2', '100% of %2'],
    ['%ff', '\udcff'],
  ])
  assertOption('hexencode', [['aц', '61D186']])
  assertOption('hexdecode', [
    ['61d186', 'aц'],
    ['6', '6'],
    ['zz', 'zz'],
    ['', ''],
  ])
  assertOption('base64encode', [['aц', 'YdGG']])
  assertOption('base64decode', [
    ['YdGG', 'aц'],
    ['al', 'al'],
    ['YQ==', 'a'],
    ['YQ', 'YQ'],
  ])
})

test('numbers become what they stand for, and other values stay', () => {
  assertOption('hexnumencode', [
    ['1234', '00000000000004D2'],
    ['18446744073709551615', 'FFFFFFFFFFFFFFFF'],
    ['18446744073709551616', '18446744073709551616'],
    ['-1', '-1'],
    ['x', 'x'],
  ])
  assertOption('hexnumdecode', [
    ['ff', '255'],
    ['FFFFFFFFFFFFFFFF', '18446744073709551615'],
    ['1FFFFFFFFFFFFFFFF', '1FFFFFFFFFFFFFFFF'],
    ['0x1', '0x1'],
  ])
  assertOption('time', [
    ['1717328141', '2024-06-02T11:35:41Z'],
    ['1717328141.5', '2024-06-02T11:35:41.5Z'],
    ['1717328141123', '2024-06-02T11:35:41.123Z'],
    ['1717328141123456789', '2024-06-02T11:35:41.123456789Z'],
    ['abc', 'abc'],
    ['', ''],
  ])
  assertOption('duration', [
    ['210123456789', '3m30.123456789s'],
    ['1.5', '1.5'],
  ])
  assertOption('duration_seconds', [
    ['1m3.5s', '63.5'],
    ['63', '63'],
  ])
  assertOption('ipv4', [
    ['167772167', '10.0.0.7'],
    ['4294967295', '255.255.255.255'],
    ['4294967296', '4294967296'],
    ['x', 'x'],
  ])
})

test('a text that would fill the memory is refused', async () => {
  const settings = { stateBytesMax: 1 << 20 }
  const rows = [row({ a: 'x'.repeat(10_000) })]
  await assert.rejects(runPipeText(`format "${'<a>'.repeat(100)}"`, rows, { settings }), (error) =>
    isCodedError(error, 'QUERY_TOO_LARGE'),
  )
})
