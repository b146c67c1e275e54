import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { type Demo, type OpenDemo, startDemo } from './open-demo.js';

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : undefined;
const file = (name: string) => fileURLToPath(new URL(`../../examples/demo/${name}.png`, import.meta.url));

/** Browsers pack pictures for speed: here again, with no filter and as tightly as deflate can. */
const tight = { filterType: 0, deflateLevel: 9, deflateStrategy: 0, colorType: 2 } as const;

async function take({ tab }: OpenDemo, name: string, fullPage = true): Promise<void> {
  const png = await tab.screenshot({ fullPage, timeout: 100_000 });
  const packed = PNG.sync.write(PNG.sync.read(png), tight);
  await writeFile(file(name), packed);
  expect(packed.length).toBeLessThan(200_000);
}

async function write({ by, tab }: OpenDemo): Promise<void> {
  await by('pace').selectOption('');
  await by('text').fill('Call me Ishmael. Some years ago ');
  await tab.locator('#write-status[data-state=done]').waitFor({ timeout: 100_000 });
  await by('text').focus();
}

async function train({ by, tab }: OpenDemo): Promise<void> {
  await by('steps').fill('400');
  await by('train').click();
  await tab.locator('#train-status[data-state=done]').waitFor({ timeout: 300_000 });
}

/** What the README shows. */
describe.skipIf(missing)(`screenshots of the demo${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await startDemo(chromium as string);
  });
  afterAll(() => demo?.close());

  it.each(['light', 'dark'])('in %s', async (scheme) => {
    const dark = scheme === 'dark';
    const writing = await demo.open({ dark });
    await write(writing);
    await take(writing, `write-${scheme}`);
    await writing.tab.close();
    const training = await demo.open({ dark, tab: 'train' });
    await train(training);
    await take(training, `train-${scheme}`);
    await training.tab.close();
  });

  it('on a phone', async () => {
    const phone = await demo.open({ width: 390, height: 844 });
    await write(phone);
    await take(phone, 'phone', false);
    await phone.tab.close();
  });
});
