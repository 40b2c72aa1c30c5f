import { expect, test } from 'vitest'
import { html } from './html.ts'

test('text never becomes markup, in elements and in attributes', () => {
  const name = `"><script>alert('1')</script>&`

  expect(html`<p title="${name}">${name}</p>`.text).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">' +
      '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</p>',
  )
})

test('what is HTML already stays so, alone and in lists', () => {
  expect(html`<ul>${['a', '<'].map((one) => html`<li>${one}</li>`)}</ul>${html`<hr>`}${3}`.text).toBe(
    '<ul><li>a</li><li>&lt;</li></ul><hr>3',
  )
})
