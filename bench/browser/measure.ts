import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/setup-browser.mjs';
import type { GpuBackend, PageResult, Size } from './page.js';

/** Software rendering on the CPU, so that machines without a GPU measure the same thing. */
const flags = [
  ...['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  ...[
    '--disable-sync',
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-unsafe-swiftshader',
  ],
  '--enable-features=Vulkan',
];
/** Of no machine: every request is answered here. A page without a secure origin has no WebGPU. */
const origin = 'https://gatewise.test';

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))], bundle: true, write: false },
    ...{
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      conditions: ['gatewise-source'],
      logLevel: 'silent',
    },
  });
  return outputFiles![0]!.text;
}

/** Measures one backend at one size in a headless Chromium of its own. */
export async function measureInPage(backend: GpuBackend, size: Size, rounds: number): Promise<PageResult> {
  const script = await bundlePage();
  const browser = await chromium.launch({
    ...{ executablePath: await findChromium(), headless: true, chromiumSandbox: false, args: flags },
  });
  try {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
    await page.route('**/*', (route) => {
      const js = route.request().url().endsWith('/page.js');
      return route.fulfill({
        contentType: js ? 'text/javascript' : 'text/html',
        body: js
          ? script
          : '<!doctype html><title>Bench</title><script type="module" src="/page.js"></script>',
      });
    });
    await page.goto(`${origin}/`);
    await page.waitForFunction('window.measureAll !== undefined');
    try {
      return await page.evaluate(([b, s, n]) => window.measureAll(b, s, n), [backend, size, rounds] as const);
    } catch (error) {
      throw new Error([String(error), ...said].join('\n'), { cause: error });
    }
  } finally {
    await browser.close();
  }
}
