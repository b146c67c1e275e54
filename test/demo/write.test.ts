import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { type Demo, type OpenDemo, startDemo } from './open-demo.js';

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : undefined;
const backends = ['cpu', 'wasm', 'webgl', 'webgpu'] as const;

/** Waits until the network has written all that it was asked for, and gives that. */
async function written({ by, tab }: OpenDemo): Promise<string> {
  await tab.locator('#write-status[data-state=done]').waitFor({ timeout: 100_000 });
  return (await by('written').textContent())!;
}

async function use({ by, tab }: OpenDemo, name: string): Promise<void> {
  await by(`backend-${name}`).check();
  await tab.locator(`#backends[data-used=${name}]`).waitFor({ timeout: 100_000 });
}

/** The length of what is written, asked for again and again. */
const lengthOf = ({ by }: OpenDemo) =>
  expect.poll(async () => (await by('written').textContent())!.length, { timeout: 60_000 });

/** Of every heatmap: its name, what it says of itself, and how many colours its cells have. */
const pictures = `[...document.querySelectorAll('#heatmaps canvas')].map((canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0.2 * width, 0.1 * height, 0.15 * width, 0.6 * height);
  return { name: canvas.dataset.name, label: canvas.getAttribute('aria-label'), colours: new Set(new Uint32Array(data.buffer)).size };
})`;

describe.skipIf(missing)(`the demo writes${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let demo: Demo;
  let page: OpenDemo;
  let greedy = '';
  beforeAll(async () => {
    demo = await startDemo(chromium as string);
    page = await demo.open();
    await page.by('pace').selectOption('');
    await page.by('length').fill('60');
    await page.by('temperature').fill('0');
  });
  afterAll(() => demo?.close());

  it('on from what is typed, key by key as all at once', async () => {
    const { by } = page;
    await by('text').fill('');
    await by('text').pressSequentially('Call me ');
    const typed = await written(page);
    expect(typed).toMatch(/^[\w ,.;:'"!?\n—-]{60}$/);
    expect(await by('tail').textContent()).toBe('Call me ');
    await by('text').fill('The sea');
    expect(await written(page)).not.toBe(typed);
    await by('text').fill('Call me ');
    greedy = await written(page);
    expect(greedy).toBe(typed);
  });

  it.each(backends)('the same on %s at temperature 0', async (name) => {
    await use(page, name);
    const length = name === 'webgpu' ? 20 : 60; // some 100 ms each on a GPU that is none
    await page.by('length').fill(String(length));
    await page.by('again').click();
    expect(await written(page)).toBe(greedy.slice(0, length));
    expect(await page.by('driver').textContent()).toMatch(new RegExp(`^${name}: `));
    const engine = name.startsWith('web') ? name : 'wasm';
    expect(await page.by('engine').textContent()).toContain(`the engine ${engine}`);
    expect(await page.by('speed').textContent()).toMatch(/^[\d.,]+ characters per second$/);
  });

  it('what gates and states held stands in heatmaps, and in words', async () => {
    const found = (await page.evaluate(pictures)) as { name: string; label: string; colours: number }[];
    expect(found.map(({ name }) => name)).toEqual(['i', 'f', 'g', 'o', 'h', 'c']);
    for (const { label, colours } of found) {
      expect(colours).toBeGreaterThan(20);
      expect(label).toMatch(/^\w.+\. 128 units over the last \d+ characters: mean -?[\d.]+, \d+ % near/);
    }
    await page.tab.locator('canvas[data-name=f]').hover();
    expect(await page.by('pointed').textContent()).toMatch(
      /^f of unit \d+ at “.”: 0\.\d{3}$|^f of unit \d+ at “.”: 1\.000$/u,
    );
  });

  it('otherwise by its sliders, and the same again with the same seed', async () => {
    const { by } = page;
    await use(page, 'cpu');
    await by('length').fill('60');
    await by('temperature').fill('1');
    const warm = await written(page);
    expect(warm).not.toBe(greedy);
    await by('again').click();
    expect(await written(page)).not.toBe(warm);
    await by('top-k').fill('1');
    expect(await written(page)).toBe(greedy);
    expect(await by('top-k-value').textContent()).toBe('1');
    await by('length').fill('100');
    expect(await written(page)).toHaveLength(100);
    await by('keep').click();
    expect(await by('text').inputValue()).toMatch(/^Call me .{100}$/s);
    await written(page);
  });

  it('goes on where it was when the backend is switched meanwhile', async () => {
    const { by } = page;
    await by('top-k').fill('90');
    await by('temperature').fill('0.8');
    await by('text').fill('There she blows! ');
    await by('length').fill('1500');
    const whole = await written(page);
    await by('pace').selectOption('60');
    for (const name of ['wasm', 'webgl', 'cpu']) {
      const before = (await by('written').textContent())!.length;
      await lengthOf(page).not.toBe(before);
      expect(await by('write-status').getAttribute('data-state')).toBe('writing');
      await use(page, name);
    }
    const before = (await by('written').textContent())!.length;
    await lengthOf(page).toBeGreaterThan(before);
    await by('stop').click();
    const part = await written(page);
    expect(part.length).toBeLessThan(1500);
    expect(whole.startsWith(part)).toBe(true);
  });

  it('stops when told', async () => {
    const { by } = page;
    await by('pace').selectOption('15');
    await lengthOf(page).toBeGreaterThan(3);
    await by('stop').click();
    expect((await written(page)).length).toBeLessThan(1500);
    expect(await by('write-status').textContent()).toMatch(/^stopped after \d+ characters$/);
    await by('text').fill('');
    expect(await written(page)).toBe('');
    expect(await by('write-status').textContent()).toBe('type something to begin with');
  });

  it.each([false, true])('is accessible, on a phone too; dark: %s', async (dark) => {
    const phone = await demo.open({ width: 360, height: 740, dark });
    await phone.tab.locator('#write-status[data-state=writing]').waitFor();
    expect(await phone.faults()).toEqual([]);
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect([...phone.said, ...phone.outside]).toEqual([]);
    await phone.tab.close();
  });

  it('asked for nothing outside, and the console has no errors and no warnings', () => {
    expect(page.outside).toEqual([]);
    expect(page.said).toEqual([]);
  });

  it('says why a backend cannot be chosen', async () => {
    const { by, said, tab } = await demo.open({ gpu: false });
    expect(await by('backend-webgpu').isDisabled()).toBe(true);
    const reason = await by('why-not-webgpu').textContent();
    expect(reason).toMatch(/^GW_BACKEND_UNAVAILABLE: got .+ wanted /);
    expect(await by('train-backend').locator('option[value=webgpu]').isDisabled()).toBe(true);
    expect(await by('backend-wasm').isDisabled()).toBe(false);
    expect(said).toEqual([]);
    await tab.close();
  });

  it('stays on the backend that it has when another does not start, and says why', async () => {
    const one = await demo.open({ gpu: false });
    const { by, tab } = one;
    await tab.route('**/wasm/*.wasm', (route) => route.abort());
    await by('length').fill('1000');
    await by('backend-wasm').click();
    await expect
      .poll(() => by('backend-error').textContent(), { timeout: 60_000 })
      .toMatch(/^GW_BACKEND_UNAVAILABLE: got a wasm/);
    expect(await by('backend-cpu').isChecked()).toBe(true);
    const before = (await by('written').textContent())!.length;
    await lengthOf(one).toBeGreaterThan(before);
    await tab.close();
  });
});
