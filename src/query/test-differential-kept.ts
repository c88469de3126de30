/**
 * For tests: cases in which the engine once answered something else than the naive evaluator, as small as they could be
 * made. differential.test.ts asks them first; a new one is added as a failing test prints it.
 */
import type { DifferentialCase } from './test-differential.ts'

export const KEPT_CASES: readonly DifferentialCase[] = [
  // A row without an id, or without a time, is in no range of them.
  {
    seed: 2,
    queries: ['* | uniq by (_msg) limit 2 | filter _id:14', '* | uniq by (_msg) | filter _time:<2030Z'],
    records: [{ time: 1799890340132000000n, message: 'a', level: '', stream: {}, fields: {} }],
  },
  // Rows were gathered with the fields of the order alone.
  {
    seed: 3,
    queries: [
      '* | sort by (level) limit 100',
      '* | sort by (n)',
      '* | deduplicate by (n)',
      '* | first 3 by (n) | fields _msg',
    ],
    records: [{ time: 1799889169365000000n, message: 'a', level: '', stream: {}, fields: {} }],
  },
  // The id of a row that has none any more was still known.
  {
    seed: 10561,
    queries: ['* | fields _msg | filter _id:1', '* | delete _id | format if (_id:1) same as x'],
    records: [{ time: 1799718758610000000n, message: 'a', level: '', stream: {}, fields: {} }],
  },
  // A field that was deleted was found in the block.
  {
    seed: 3,
    queries: ['* | delete http.path | filter http.*:unfailed | stats count()'],
    records: [
      {
        time: 1799884800001000000n,
        message: 'a',
        level: '',
        stream: {},
        fields: { 'http.path': '/unfailed/3' },
      },
    ],
  },
  // Rows of one record were turned round.
  {
    seed: 1106,
    queries: [
      '* | unroll by (tags) | limit 20',
      '* | unroll (tags) | limit 1',
      '* | unroll (tags) | offset 1',
    ],
    records: [
      { time: 1799714788785000000n, message: 'a', level: '', stream: {}, fields: { tags: '["a","disk"]' } },
    ],
  },
]
