import assert from 'node:assert/strict'
import { it } from 'node:test'
import { codeBlocks, headings, links, slug, slugs } from './markdown.ts'

const page = [
  '# One',
  'See [two](#two), ![a picture](p.png "P"), [three][3] and `[code](no.md)`.',
  '```sh',
  '# not a heading, [not a link](no.md)',
  '```',
  '## Two ##',
  '[3]: docs/three.md',
  '~~~~',
  '```',
  '~~~~',
].join('\n')

it('finds headings, and not those in code', () => {
  assert.deepEqual(headings(page), [
    { depth: 1, text: 'One' },
    { depth: 2, text: 'Two' },
  ])
})

it('finds links, images and references, and not those in code', () => {
  assert.deepEqual(links(page), ['#two', 'p.png', 'docs/three.md'])
})

it('finds code blocks with their languages, and lets one fence hold another', () => {
  assert.deepEqual(codeBlocks(page), [
    { language: 'sh', text: '# not a heading, [not a link](no.md)\n' },
    { language: '', text: '```\n' },
  ])
})

it('names headings as links do', () => {
  assert.equal(slug('`npm run soak`: try to lose a record'), 'npm-run-soak-try-to-lose-a-record')
  assert.equal(slug('첫 1분'), '첫-1분')
  assert.deepEqual(slugs('# A b\n# A b\n'), ['a-b', 'a-b-1'])
})
