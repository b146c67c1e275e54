import '@tensorflow/tfjs';
import { gru, lstm } from '@gatewise/cells';
import { type Engine, opsEngine, type RecurRequest, registerEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { failures } from '../test/collect.js';
import { type EngineSuiteOptions, engineSuite } from './index.js';

/** Failed tests, without the engine's name, of an engine that is `ops` but for what is given. */
async function failed(own: Partial<Engine>, options: Partial<EngineSuiteOptions> = {}): Promise<string[]> {
  registerEngine({ ...opsEngine, priority: -1, ...own, name: 'other' });
  const backend = () => tf.setBackend('cpu');
  const found = await failures((runner) =>
    engineSuite(runner, { engine: 'other', backend, cells: [lstm], ...options }),
  );
  return Object.keys(found).map((name) => name.replace('engine other > ', ''));
}
/** An engine that changes a request before it obeys it. */
const changed = (change: (r: RecurRequest) => RecurRequest): Partial<Engine> => ({
  forward: (r, t) => opsEngine.forward(change(r), t),
  backward: (r, t, o, d) => opsEngine.backward(change(r), t, o, d),
});

describe('engineSuite', () => {
  it('passes an engine that does as ops does', async () => {
    expect(await failed({}, { cells: [lstm, gru] })).toEqual([]);
  });

  it.each<[string, Partial<Engine>, string[]]>([
    [
      'runs forward only',
      changed((r) => ({ ...r, reverse: false })),
      ['lstm > in reverse', 'lstm > all at once'],
    ],
    [
      'pads with zeros always',
      changed((r) => ({ ...r, padding: 'zeros' })),
      ['lstm > lengths, padding held', 'lstm > all at once'],
    ],
    [
      'forgets the probe',
      {
        backward: (r, t, o, d) => {
          const g = opsEngine.backward(r, t, o, d);
          return { ...g, dprobe: g.dprobe && tf.zerosLike(g.dprobe) };
        },
      },
      ['lstm > probe', 'lstm > all at once'],
    ],
    [
      'draws other masks',
      changed((r) => ({
        ...r,
        zoneout: r.zoneout?.kind === 'draw' ? { ...r.zoneout, key: r.zoneout.key + 1 } : r.zoneout,
      })),
      ['lstm > zoneout by seed', 'lstm > all at once'],
    ],
    [
      'saves what nobody asked for',
      changed((r) => ({ ...r, record: true })),
      ['keeps nothing when nobody asks for gradients'],
    ],
    [
      'leaks',
      {
        forward: (r, t) => {
          tf.keep(tf.zeros([1]));
          return opsEngine.forward(r, t);
        },
      },
      ['keeps nothing when nobody asks for gradients', 'leaks nothing'],
    ],
  ])('fails one that %s', async (_, engine, wanted) => {
    const names = await failed(engine);
    for (const name of wanted) expect(names).toContain(name);
    expect(names.length).toBeLessThan(8);
  });

  it('fails one whose forget gate is stuck open, by the table', async () => {
    const names = await failed({
      forward: (r, t) => {
        // b_f ← 1000
        const H = t.b.size / 4;
        const open = tf.concat([
          tf.slice(t.b, [0], [H]),
          tf.fill([H], 1000),
          tf.slice(t.b, [2 * H], [2 * H]),
        ]);
        return opsEngine.forward(r, { ...t, b: open });
      },
    });
    const table = names.filter((name) => name.startsWith("the lecture's table"));
    expect(table.map((name) => name.split(': ')[1])).toEqual(['erases', 'overwrites']);
  });

  it('holds an engine to what it says it does not do', async () => {
    const refuses = { supports: (r: RecurRequest) => (r.zoneout ? 'no zoneout' : true) } as Partial<Engine>;
    const unsupported = { zoneout: 'not yet' };
    expect(await failed(refuses, { unsupported })).toEqual([]);
    const silent = await failed({}, { unsupported });
    expect(silent).toContain('lstm > zoneout by seed: refused (zoneout: not yet)');
    expect(await failed(refuses)).toContain('lstm > zoneout by seed');
  });
});
