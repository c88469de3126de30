import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { printErrors } from '../dev/docs.ts'
import { checkCodes, checkLinks, checkTranslation } from './docs-rules.ts'

describe('links', () => {
  const files = ['README.md', 'docs/README.md', 'docs/errors.md', 'src']
  const check = (pages: Record<string, string>) => checkLinks(pages, (path) => files.includes(path))

  it('accepts files, folders, headings and addresses elsewhere', () => {
    const page =
      '# Top\n[a](docs/errors.md) [b](src/) [c](#top) [d](https://example.org/x) [e](docs/errors.md#codes)'
    assert.deepEqual(check({ 'README.md': page.replace('src/', 'src'), 'docs/errors.md': '# Codes' }), [])
  })

  it('refuses a file that is not there, seen from the page that links to it', () => {
    assert.deepEqual(check({ 'docs/README.md': '[a](errors.md) [b](docs/errors.md)' }), [
      'docs/README.md links to docs/errors.md, which is not there',
    ])
  })

  it('refuses a heading that is not there', () => {
    assert.equal(check({ 'README.md': '# Top\n[a](#bottom)' }).length, 1)
    assert.equal(check({ 'README.md': '[a](docs/errors.md#codes)', 'docs/errors.md': '# Other' }).length, 1)
  })

  it('refuses a link out of the repository', () => {
    assert.equal(checkLinks({ 'README.md': '[a](../shared/x.md)' }, () => true).length, 1)
  })
})

describe('translations', () => {
  const original = '# A\n[x](x.md)\n## B\n```sh\nnpm start\n```\n'

  it('may differ in words', () => {
    assert.deepEqual(checkTranslation(original, '# 가\n[엑스](x.md)\n## 나\n```sh\nnpm start\n```\n'), [])
  })

  it('may not differ in headings, code or links', () => {
    assert.equal(checkTranslation(original, original.replace('## B', 'B')).length, 1)
    assert.equal(checkTranslation(original, original.replace('## B', '### B')).length, 1)
    assert.equal(checkTranslation(original, original.replace('npm start', 'npm run start')).length, 1)
    assert.equal(checkTranslation(original, original.replace('x.md', 'y.md')).length, 1)
    assert.equal(checkTranslation(original, `${original}\n# C`).length, 1)
  })
})

describe('error codes', () => {
  it('are used in the sources and named in a test', () => {
    assert.deepEqual(
      checkCodes(['STORE_FULL'], [`throw new CodedError('STORE_FULL', '…')`], ['STORE_FULL']),
      [],
    )
    assert.deepEqual(checkCodes(['STORE_FULL'], ['STORE_FULLER'], ['']), [
      'STORE_FULL is used nowhere in src/',
      'STORE_FULL is in no test',
    ])
  })

  it('stand in their page in order, and cannot break its table', () => {
    const page = printErrors({ B_TWO: { meaning: 'a|b', remedy: 'x' }, A_ONE: { meaning: 'm', remedy: 'y' } })
    assert.match(page, /\n\| `A_ONE` \| m \| y \|\n\| `B_TWO` \| a\\\|b \| x \|\n$/)
  })
})
