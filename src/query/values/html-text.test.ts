import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unescapeHtml } from './html-text.ts'

test('characters that HTML spells are what they mean', () => {
  assert.equal(unescapeHtml('&lt;a&gt; &amp;&quot;&apos;'), `<a> &"'`)
  assert.equal(unescapeHtml('&#60;&#x3c;&#128512;'), '<<😀')
})

test('what is no spelling of a character stays', () => {
  assert.equal(unescapeHtml('a & b &lt &nope; &#xd800; &#1114112;'), 'a & b &lt &nope; &#xd800; &#1114112;')
  assert.equal(unescapeHtml('&amp;lt;'), '&lt;')
})
