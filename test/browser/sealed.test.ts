import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage(
  'sealed',
  (page) => {
    it('forbids WebAssembly: cpu runs on ops', async () => {
      expect(await page.use('cpu')).toMatchObject({ engine: 'ops' });
      const violations = await page.violations();
      expect(violations.length).toBeGreaterThan(0);
      expect(violations.filter((text) => !text.startsWith('script-src: wasm-eval'))).toEqual([]);
    });
  },
  { said: [/wasm is left out, ops takes over: GW_ENGINE_WASM: .* 'wasm-unsafe-eval'/s] },
);
