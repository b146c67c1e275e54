import { readFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/setup-browser.mjs';
import { type Demo, type OpenDemo, startDemo } from './open-demo.js';

const chromium = await findChromium().catch((error: Error) => error);
const missing = chromium instanceof Error ? chromium.message : undefined;

interface Saved {
  readonly path: string;
  readonly names: readonly string[];
  readonly steps: number;
  readonly losses: readonly (readonly [step: number, loss: number])[];
  readonly weights: Uint8Array;
}

/** The state before is over as soon as a button was clicked. */
const until = ({ tab }: OpenDemo, state: string) =>
  tab.locator(`#train-status[data-state=${state}]`).waitFor({ timeout: 100_000 });

async function save({ by, tab }: OpenDemo): Promise<Saved> {
  const [download] = await Promise.all([tab.waitForEvent('download'), by('save').click()]);
  const path = await download.path();
  const files = unzipSync(await readFile(path));
  const { steps, losses } = JSON.parse(strFromU8(files['run.json']!));
  return { path, names: Object.keys(files), steps, losses, weights: files['model/weights.bin']! };
}

async function load({ by }: OpenDemo, path: string): Promise<void> {
  const buffer = await readFile(path);
  await by('run-file').setInputFiles({ name: 'run.zip', mimeType: 'application/zip', buffer });
}

describe.skipIf(missing)(`the demo trains${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let demo: Demo;
  let page: OpenDemo;
  let [paused, resumed]: [Saved?, Saved?] = [];
  let steps = 5000; // more than the first test waits for
  beforeAll(async () => {
    demo = await startDemo(chromium as string);
    page = await demo.open({ tab: 'train' });
    await page.by('units').selectOption('32');
    await page.by('steps').fill(String(steps));
  });
  afterAll(() => demo?.close());

  it('in a worker, with loss, gradient flow and samples as it goes; pauses and saves', async () => {
    const { by, tab } = page;
    await by('train').click();
    await tab.locator('#samples li').first().waitFor({ timeout: 100_000 });
    await by('pause').click();
    await until(page, 'paused');
    paused = await save(page);
    expect(paused.steps).toBeGreaterThanOrEqual(50);
    expect(paused.steps).toBeLessThan(steps);
    steps = paused.steps + 30;
    expect(paused.losses.at(-1)![1]).toBeLessThan(0.8 * paused.losses[0]![1]);
    expect(paused.names.filter((name) => name.startsWith('checkpoint/step-'))).toHaveLength(3);
    expect(await by('loss').getAttribute('aria-label')).toMatch(
      /^Loss: [\d.]+ bits per character after \d+ steps, [\d.]+ on/,
    );
    expect(await by('flow').getAttribute('aria-label')).toMatch(/^Gradient flow: δh \d.*e-\d at the first/);
    expect(await by('train-runs').textContent()).toContain('the engine wasm');
    expect(await tab.locator('#samples q').first().textContent()).toMatch(/^This is /);
  });

  it('resumes, to the last step', async () => {
    const { by } = page;
    expect(await by('pause').textContent()).toBe('Resume');
    await by('steps').fill(String(steps));
    await by('pause').click();
    await until(page, 'done');
    resumed = await save(page);
    expect(resumed.steps).toBe(steps);
    expect(resumed.losses.slice(0, paused!.losses.length)).toEqual(paused!.losses);
    expect(resumed.losses.length).toBeGreaterThan(paused!.losses.length);
  });

  it('loads what was saved in another page, and comes to the same weights to the bit', async () => {
    const other = await demo.open({ tab: 'train' });
    await load(other, paused!.path);
    await until(other, 'paused');
    expect(await other.by('train-status').textContent()).toContain(`paused at step ${paused!.steps}`);
    expect(await other.by('units').inputValue()).toBe('32');
    await other.by('steps').fill(String(steps));
    await other.by('pause').click();
    await until(other, 'done');
    const loaded = await save(other);
    expect(Buffer.compare(loaded.weights, resumed!.weights)).toBe(0);
    await other.by('train').click(); // once more from the start, without a pause
    await until(other, 'done');
    expect(Buffer.compare((await save(other)).weights, resumed!.weights)).toBe(0);
    expect([...other.said, ...other.outside]).toEqual([]);
    await other.tab.close();
  });

  it('writes with what it has trained', async () => {
    const { by, tab } = page;
    await by('write-with').click();
    expect(await by('tab-write').getAttribute('aria-selected')).toBe('true');
    await by('pace').selectOption('');
    await by('text').fill('This is the ');
    await tab.locator('#write-status[data-state=done]').waitFor({ timeout: 100_000 });
    expect(await by('network').textContent()).toBe(`your own network (lstm, 32 units, ${steps} steps)`);
    expect(await by('written').textContent()).toMatch(/the|that|this/);
    await by('tab-write').press('ArrowRight');
    expect(await by('tab-train').getAttribute('aria-selected')).toBe('true');
    expect(await by('panel-train').isVisible()).toBe(true);
  });

  it.each(['wasm', 'webgl', 'webgpu'])('on %s', async (name) => {
    const { by } = page;
    await by('train-backend').selectOption(name);
    await by('cell').selectOption('gru');
    await by('units').selectOption('16');
    await by('steps').fill('3');
    await by('train').click();
    await until(page, 'done');
    expect(await by('train-runs').textContent()).toMatch(new RegExp(`^${name} .*the engine ${name}`));
    const { losses } = await save(page);
    expect(losses.at(-1)![1]).toBeLessThan(losses[0]![1]);
  });

  it('says what is wrong, with its code, and loses nothing', async () => {
    const { by } = page;
    await by('own-text').fill('too short');
    await by('train').click();
    await until(page, 'failed');
    expect(await by('train-error').textContent()).toMatch(
      /^GW_DEMO_TEXT: got a text of 9 characters, wanted/,
    );
    const buffer = Buffer.from('no zip at all');
    await by('run-file').setInputFiles({ name: 'run.zip', mimeType: 'application/zip', buffer });
    await expect
      .poll(() => by('train-error').textContent(), { timeout: 60_000 })
      .toMatch(/^GW_DEMO_FILE: got 13 bytes that are no zip/);
    expect(await by('own-text').inputValue()).toBe('too short');
  });

  it.each([false, true])('is accessible, on a phone too; dark: %s', async (dark) => {
    const phone = await demo.open({ tab: 'train', width: 360, height: 740, dark });
    await load(phone, paused!.path);
    await until(phone, 'paused');
    expect(await phone.faults()).toEqual([]);
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect([...phone.said, ...phone.outside]).toEqual([]);
    await phone.tab.close();
  });

  it('asked for nothing outside, and the console has no errors and no warnings', () => {
    expect(page.outside).toEqual([]);
    expect(page.said).toEqual([]);
  });
});
