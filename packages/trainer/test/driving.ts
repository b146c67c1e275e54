import type { Plugin } from '@gatewise/plugin';
import { Contexts } from '../src/contexts.js';
import { Report } from '../src/logs.js';
import { PluginDriver } from '../src/plugin-driver.js';
import { failure } from './fixtures.js';

const contexts = new Contexts(
  { weights: {}, epochs: 1, seed: 1 },
  { step: 0, skipped: 0, report: new Report() },
);
/** The first batch of a run. */
export const ctx = contexts.batch({ epoch: 0, batch: 0 }, { count: 1 }, new Report());
export const drive = (...plugins: Plugin[]) => new PluginDriver(plugins, 7);
/** What a call throws. */
export const thrown = (body: () => unknown) => failure(new Promise((resolve) => resolve(body())));
