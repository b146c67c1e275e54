import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GatewiseError } from '@gatewise/core';
import { build } from 'vitepress';
import { generate } from './generate.js';
import { root } from './repository.js';

const help = `npm run site -- [options]

Builds the site into site/dist: static files that ask for nothing elsewhere.

  --out DIR    where to build it (site/dist)
  --base PATH  the path it will be served under, such as /gatewise/ (/)
  --draft      although a README has links or pictures that lead nowhere: they are listed
  --help       this text`;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    base: { type: 'string' },
    draft: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) console.log(help);
else await buildSite(resolve(values.out ?? join(root, 'site/dist')), values.base);

/** Errors: `GW_SITE_LINKS`. */
function refuse(missing: readonly string[]): void {
  const list = missing.join('\n  ');
  if (values.draft) {
    console.warn(`lead nowhere:\n  ${list}`);
    return;
  }
  throw new GatewiseError(
    'GW_SITE_LINKS',
    `got links and pictures that lead nowhere, wanted files of the repository; mend them, or build with --draft:\n  ${list}`,
  );
}

async function buildSite(out: string, base = '/'): Promise<void> {
  const start = performance.now();
  process.env.GATEWISE_SITE_BASE = base;
  // below site/, so that pages find its packages
  const work = await mkdtemp(join(root, 'site/.work-'));
  try {
    const { pages, missing } = await generate(work);
    if (missing.length > 0) refuse(missing);
    await build(work, { outDir: out });
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${pages} pages in ${seconds} s: ${out}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
