import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage(
  'webgl',
  (page) => {
    it('runs the engine webgl, and says which driver', async () => {
      const { driver, engine } = await page.use('webgl');
      expect(driver).toContain('SwiftShader');
      expect(engine).toMatch(/^webgl \(\d+ targets, float32\)$/);
    });
  },
  { said: [/^warning: gatewise: textures hold 16 bits here/] },
);
