import { describe, expect, it } from 'vitest';
import { escapeText, html } from './html.js';

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    const evil = `"><script>alert('x')</script>&amp;`;
    const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;';
    expect(html`<p title="${evil}">${evil}</p>`.markup).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  it('leaves markup and numbers as they are', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${3}${undefined}`.markup).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>3');
  });

  it('replaces what no page may hold', () => {
    expect(escapeText('a\u0000b\u001bc\ud800\n\t🐋é')).toBe('a\ufffdb\ufffdc\ufffd\n\t🐋é');
  });
});
