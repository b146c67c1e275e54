import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from '../browser/launch.js';
import { type Contents, serve } from '../browser/server.js';

/** What `page/predict.js` gives. */
export interface Predicted {
  readonly variant: string;
  readonly logits: readonly number[];
}

async function contentsOf(folder: string, under: string): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const pairs = files.map(async (file) => [
    `${under}${file.slice(folder.length).replaceAll('\\', '/')}`,
    await readFile(file),
  ]);
  return Object.fromEntries(await Promise.all(pairs));
}

/** The files of a bundle by path, `/index.html` and the like. */
export const bundleOf = (folder: string): Promise<Contents> => contentsOf(folder, '');

/** Opens a bundle in a Chromium, the model beside it, and gives what it predicts and what the console said. */
export async function predictInPage(
  bundle: Contents,
  model: string,
  chromium: string,
): Promise<{ predicted: Predicted; said: readonly string[] }> {
  const server = await serve('plain', {
    ...bundle,
    ...(await contentsOf(model, '/model')),
    '/favicon.ico': '',
  });
  const browser = await launch(chromium, 'plain');
  try {
    const tab = await browser.newPage();
    const said: string[] = [];
    tab.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    tab.on('pageerror', (error) => said.push(`thrown: ${error.message}`));
    await tab.goto(`${server.url}/index.html`, { timeout: 120_000 });
    return { predicted: (await tab.evaluate('window.predicted')) as Predicted, said };
  } finally {
    await browser.close();
    await server.close();
  }
}
