import { entryOf, readSafetensors, writeSafetensors } from '@gatewise/safetensors';
import { describe, expect, it } from 'vitest';
import { cells, draw, golden, modelOf, recurrent } from '../../test/files.js';
import type { LayerSpec, RecurrentSpec, Values } from '../model.js';
import { readTorch, type TorchOptions } from './read.js';
import { writeTorch } from './write.js';

/** A state_dict of shapes alone. */
const dict = (shapes: Record<string, number[]>): Uint8Array =>
  writeSafetensors(
    new Map(
      Object.entries(shapes).map(([name, shape]) => [name, entryOf('F32', shape, draw(...shape).data)]),
    ),
  );
const rnn = (G: number, I: number, H: number, at = 'rnn', end = 'l0') => ({
  [`${at}.weight_ih_${end}`]: [G * H, I],
  [`${at}.weight_hh_${end}`]: [G * H, H],
  [`${at}.bias_ih_${end}`]: [G * H],
  [`${at}.bias_hh_${end}`]: [G * H],
});

describe('what goes out comes back, bit for bit', () => {
  it.each(['torch_gru', 'torch_lstm_nobias', 'torch_lstm_2layer_bidirectional'])(
    '%s, also its bytes',
    (name) => {
      const file = golden(`${name}.safetensors`);
      const spec = readTorch(file);
      const out = writeTorch(spec);
      expect(readTorch(out)).toEqual(spec);
      const tensors = (bytes: Uint8Array) => Object.fromEntries([...readSafetensors(bytes).tensors].sort());
      expect(tensors(out)).toEqual(tensors(file));
    },
  );

  it('every cell that PyTorch has, an embedding, a head, and −0', () => {
    const negative = draw(4);
    negative.data.fill(-0);
    const layers: LayerSpec[] = [
      { kind: 'embedding', name: 'words', table: draw(9, 3), maskZero: false },
      recurrent(cells.lstm, [3, 2], { name: 'lstm', both: true, pair: true }),
      recurrent(cells.gruAfter, [4, 3], { name: 'gru' }),
      recurrent({ kind: 'rnn', activation: 'relu' }, [3, 2], { name: 'rnn', pair: true }),
      { kind: 'dense', name: 'head', W: draw(2, 4), bias: negative, activation: 'linear' },
    ];
    const again = readTorch(writeTorch(modelOf(layers)), {
      nonlinearity: 'relu',
      order: ['words', 'lstm', 'gru', 'rnn', 'head'],
    });
    expect(again.layers).toEqual(layers);
    expect(again.input).toEqual({ kind: 'ids', steps: null, size: 9 });
  });

  it('one bias goes out with zeros beside it, and what a layer computes with is the same', () => {
    const layer = recurrent(cells.lstm, [3, 2], { name: 'lstm' });
    const [again] = readTorch(writeTorch(modelOf([layer]))).layers as RecurrentSpec[];
    const { input, recurrent: zeros } = again!.directions[0]!.bias!;
    expect(input).toEqual(layer.directions[0]!.bias!.input);
    expect(zeros!.data.every((v) => v === 0)).toBe(true);
  });

  it('says in its metadata how to make the modules', () => {
    const two = [0, 1].map((l) =>
      recurrent(cells.lstm, [l === 0 ? 3 : 4, 2], { name: `rnn_l${l}`, both: true, pair: true }),
    );
    const { metadata } = readSafetensors(
      writeTorch(modelOf([...two, { kind: 'dropout', name: 'drop', rate: 0.5 }])),
    );
    expect(metadata.get('modules')).toBe(
      'rnn = nn.LSTM(3, 2, num_layers=2, bidirectional=True, batch_first=True)\ndrop = nn.Dropout(0.5)',
    );
  });
});

describe('reads', () => {
  it('f64, f16 and bf16 as float32, and says what was rounded', () => {
    const shapes = rnn(1, 2, 2);
    const values = (v: number) =>
      new Map(
        Object.entries(shapes).map(([n, shape]) => [
          n,
          Array(shape.reduce((a, b) => a * b, 1)).fill(v) as number[],
        ]),
      );
    const file = (dtype: 'F64' | 'F16' | 'BF16', v: number) =>
      writeSafetensors(new Map([...values(v)].map(([n, data]) => [n, entryOf(dtype, shapes[n]!, data)])));
    const of = (bytes: Uint8Array) => readTorch(bytes, { nonlinearity: 'tanh' });
    const W = (spec: ReturnType<typeof of>): Values => (spec.layers[0] as RecurrentSpec).directions[0]!.W;
    expect(W(of(file('F16', 0.1))).data[0]).toBe(0.0999755859375);
    expect(W(of(file('BF16', 0.1))).data[0]).toBe(0.10009765625);
    const rounded = of(file('F64', 0.1));
    expect(W(rounded).data[0]).toBe(Math.fround(0.1));
    expect(rounded.notes[0]).toBe('rnn.weight_ih_l0: 4 of 4 float64 numbers rounded to float32');
    expect(of(file('F64', 0.5)).notes).toEqual([
      'rnn: a layer has b_ih + b_hh, which is exact; the description keeps both',
    ]);
  });

  it('the last step for a head, where asked', () => {
    const spec = readTorch(dict({ ...rnn(4, 3, 5), 'fc.weight': [2, 5] }), { head: 'final-state' });
    expect(
      spec.layers.map((layer) => [layer.name, layer.kind === 'recurrent' ? layer.output : layer.kind]),
    ).toEqual([
      ['rnn', 'last'],
      ['fc', 'dense'],
    ]);
  });
});

describe('asks for what a state_dict does not say', () => {
  it.each<[string, Uint8Array, TorchOptions, RegExp, TorchOptions]>([
    [
      'the nonlinearity',
      dict(rnn(1, 3, 2)),
      {},
      /ASK: layer "rnn": .*nonlinearity: 'tanh'/,
      { nonlinearity: 'relu' },
    ],
    [
      'the order',
      dict({ ...rnn(4, 3, 3), 'fc.weight': [3, 3], 'fc.bias': [3] }),
      {},
      /ASK: .*rnn \(recurrent\) → fc \(linear\); fc/,
      { order: ['rnn', 'fc'] },
    ],
    [
      'what a matrix is',
      dict({ ...rnn(4, 3, 3), 'm.weight': [3, 3] }),
      { order: ['m', 'rnn'] },
      /ASK: .*m \(linear\) → .*m \(embedding\)/,
      { order: ['m', 'rnn'], embeddings: ['m'] },
    ],
    [
      'what follows a linear module',
      dict({ ...rnn(4, 3, 5), 'a.weight': [7, 5], 'b.weight': [2, 7] }),
      {},
      /ASK: layer "a": .*activations: \{ "a": 'relu' \}/,
      { activations: { a: 'relu' } },
    ],
    [
      'a module by its right name',
      dict(rnn(4, 3, 2)),
      { order: ['lstm'] },
      /ASK: got "lstm" in order, wanted modules of the file: rnn/,
      { order: ['rnn'] },
    ],
  ])('%s', (_, file, options, message, answer) => {
    expect(() => readTorch(file, options)).toThrow(message);
    expect(() => readTorch(file, { ...options, ...answer })).not.toThrow();
  });
});

it('says which activations there are', () => {
  const file = dict({ ...rnn(4, 3, 5), 'a.weight': [7, 5], 'b.weight': [2, 7] });
  const activations = { a: 'rulu' as 'relu' };
  expect(() => readTorch(file, { activations })).toThrow(
    /ASK: layer "a": got activations: rulu; wanted one of tanh,/,
  );
});

describe('refuses, by name', () => {
  it.each<[string, Record<string, number[]>, RegExp]>([
    [
      'another module',
      { ...rnn(4, 3, 2), 'norm.weight': [2], 'norm.bias': [2] },
      /UNSUPPORTED: layer "norm": got weight \[2\], bias \[2\]/,
    ],
    ['a buffer', { ...rnn(4, 3, 2), 'bn.running_mean': [2] }, /UNSUPPORTED: tensor "bn.running_mean" \[2\]/],
    ['proj_size', { ...rnn(4, 3, 2), 'rnn.weight_hr_l0': [1, 2] }, /UNSUPPORTED: layer "rnn": got weight_hr/],
    ['five gates', rnn(5, 3, 2), /WEIGHTS: layer "rnn": got weight_hh \[10, 2\]/],
    ['a level without the one below', rnn(4, 3, 2, 'rnn', 'l1'), /WEIGHTS: layer "rnn": got weight_ih_1/],
    [
      'one direction in level 1 alone',
      { ...rnn(4, 3, 2), ...rnn(4, 2, 2, 'rnn', 'l1'), ...rnn(4, 2, 2, 'rnn', 'l1_reverse') },
      /WEIGHTS: layer "rnn": got weight_ih_1__reverse/,
    ],
    [
      'a level that does not fit',
      { ...rnn(4, 3, 2), ...rnn(4, 3, 2, 'rnn', 'l1') },
      /WEIGHTS: layer "rnn": got weight_ih \[8, 3\] in level 1, wanted \[8, 2\]/,
    ],
    ['one bias of two', { ...rnn(4, 3, 2), 'rnn.bias_hh_l0': [7] }, /WEIGHTS: layer "rnn": got a bias \[7\]/],
    [
      'modules that fit nowhere',
      { ...rnn(4, 3, 2), 'fc.weight': [1, 9], 'fc.bias': [1] },
      /WEIGHTS: got modules that do not fit/,
    ],
    ['a net without recurrence', { 'fc.weight': [1, 9] }, /UNSUPPORTED: got no nn.RNN/],
  ])('%s', (_, shapes, message) => {
    expect(() => readTorch(dict(shapes))).toThrow(message);
  });

  it.each<[string, RecurrentSpec, RegExp]>([
    [
      'a GRU that resets before',
      recurrent(cells.gru, [3, 2]),
      /EXPORT_UNSUPPORTED: layer "gru": .*gru-reset-after/,
    ],
    [
      'hard gates',
      recurrent({ ...cells.lstm, gates: 'hard-sigmoid' }, [3, 2]),
      /layer "lstm": got the activation hard-sigmoid, wanted sigmoid/,
    ],
    [
      'backward alone',
      {
        ...recurrent(cells.lstm, [3, 2]),
        directions: [{ ...recurrent(cells.lstm, [3, 2]).directions[0]!, reverse: true }],
      },
      /runs backward alone/,
    ],
    ['a sum of directions', recurrent(cells.rnn, [3, 2], { both: true, merge: 'sum' }), /merged by sum/],
    [
      'a cell of its own',
      { ...recurrent(cells.rnn, [3, 2]), cell: { kind: 'own', name: 'additive' } },
      /the cell "additive"/,
    ],
  ])('to write %s', (_, layer, message) => {
    expect(() => writeTorch(modelOf([layer]))).toThrow(message);
  });

  it('to write masks', () => {
    expect(() => writeTorch(modelOf([{ kind: 'masking', name: 'pad', value: 0 }]))).toThrow(
      /layer "pad": .*masks/,
    );
  });
});
