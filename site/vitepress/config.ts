import { defineConfig } from 'vitepress';
import site from './site.json';

/** Copied beside the pages that generate.ts writes, with site.json. */
export default defineConfig({
  title: 'Gatewise',
  description: 'Recurrent networks on TensorFlow.js: cells as mathematics, explicit gradients, plugins.',
  lang: 'en',
  base: process.env.GATEWISE_SITE_BASE ?? '/',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // braces in docstrings are braces
    attrs: { disable: true },
    config: (md) => {
      // a picture that is wider than a phone scrolls, by keyboard too
      md.core.ruler.push('figures', ({ tokens }) => {
        tokens.forEach(({ type, children }, n) => {
          if (type !== 'inline' || children?.length !== 1 || children[0]?.type !== 'image') return;
          const paragraph = tokens[n - 1];
          for (const [name, value] of [
            ['class', 'picture'],
            ['tabindex', '0'],
          ] as const)
            paragraph?.attrSet(name, value);
        });
      });
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        // the index needs no colours: half of the work
        _render(source, env, md) {
          const { highlight = null } = md.options;
          md.options.highlight = null;
          try {
            const html = md.render(source, env);
            return env.frontmatter?.search === false ? '' : html;
          } finally {
            md.options.highlight = highlight;
          }
        },
      },
    },
    outline: [2, 3],
    nav: [
      { text: 'Tutorials', link: '/examples/', activeMatch: '^/examples/' },
      { text: 'Cells', link: '/cells/', activeMatch: '^/cells/' },
      { text: 'Plugins', link: '/plugins/', activeMatch: '^/plugins/' },
      { text: 'Packages', link: '/packages/', activeMatch: '^/packages/' },
      { text: 'Benchmarks', link: '/bench/', activeMatch: '^/bench/' },
      { text: 'Coming from …', items: site.guides, activeMatch: '^/coming-from/' },
    ],
    sidebar: site.sidebar,
  },
  vite: { logLevel: 'warn', build: { chunkSizeWarningLimit: 4096 } },
});
