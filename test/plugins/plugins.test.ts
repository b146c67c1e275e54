import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import type { PluginModule } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm, clipByNorm, clipByValue } from '@gatewise/plugin-clip';
import { dropout } from '@gatewise/plugin-dropout';
import { earlyStopping } from '@gatewise/plugin-early-stopping';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import { metrics } from '@gatewise/plugin-metrics';
import { progress } from '@gatewise/plugin-progress';
import { report } from '@gatewise/plugin-report';
import { zoneout } from '@gatewise/plugin-zoneout';
import { pluginSuite } from '@gatewise/testing';
import { afterAll, describe, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-plugins-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = (name: string) => join(folder, `${files++}-${name}`);
const nowhere = { write: () => true };

/** Every plugin that hooks into training, by its name. */
const plugins: Readonly<Record<string, () => PluginModule>> = {
  checkpoint: () => checkpoint({ folder: fresh('checkpoint') }),
  'clip-by-global-norm': () => clipByGlobalNorm({ maxNorm: 0.01 }),
  'clip-by-norm': () => clipByNorm({ maxNorm: 0.01 }),
  'clip-by-value': () => clipByValue({ maxValue: 0.001 }),
  dropout: () => dropout({ input: 0.2, recurrent: 0.2, output: 0.2 }),
  'early-stopping': () => earlyStopping({ patience: 1, restoreBest: true }),
  'gradient-flow': () => gradientFlow({ every: 1, onRecord: () => {} }),
  metrics: () => metrics({ file: fresh('metrics.jsonl') }),
  progress: () => progress({ stream: nowhere }),
  report: () => report({ file: fresh('report.html') }),
  zoneout: () => zoneout({ rates: { h: 0.2, c: 0.2 } }),
};

for (const [name, make] of Object.entries(plugins)) {
  pluginSuite({ describe, it }, make, { name, backend: () => useBackend('cpu') });
}
