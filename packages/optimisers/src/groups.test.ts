import '@tensorflow/tfjs';
import { loadNative } from '@gatewise/engine-native';
import { loadWasm } from '@gatewise/engine-wasm';
import { arithmetic, installKernels, provideArithmetic, removeKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adam, adamw, momentum, nesterov, type RuleOptimizer, rmsprop, sgd } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await loadNative();
  await loadWasm();
});

const shapes: Readonly<Record<string, number[]>> = {
  ...{ 'lstm/W': [5, 13], 'lstm/b': [13], 'head/kernel': [13, 3], 'head/bias': [3] },
};
type Weights = Record<string, tf.Variable>;
const makeWeights = (): Weights =>
  tf.tidy(() =>
    Object.fromEntries(
      Object.entries(shapes).map(([k, shape], i) => [
        k,
        tf.variable(tf.randomNormal(shape, 0, 1, 'float32', i + 1)),
      ]),
    ),
  );

/** Six steps of some of the weights, each from the same gradients whoever takes it. */
function run(
  optimizer: RuleOptimizer,
  weights: Weights,
  names = Object.keys(weights),
  steps: readonly [from: number, to: number] = [1, 6],
) {
  for (let t = steps[0]; t <= steps[1]; t++) {
    optimizer.learningRate = (optimizer.getConfig().learningRate as number) * (t === 4 ? 0.5 : 1);
    tf.tidy(() =>
      optimizer.applyGradients(
        names.map((k) => ({
          name: weights[k]!.name,
          tensor: tf.randomNormal(shapes[k]!, 0, 1, 'float32', 100 * t + Object.keys(shapes).indexOf(k)),
        })),
      ),
    );
  }
}
const read = (weights: Weights) =>
  Object.fromEntries(Object.entries(weights).map(([k, w]) => [k, [...w.dataSync()]]));

type Options = { learningRate: number; [option: string]: number };
const rules: [string, (options: object) => RuleOptimizer, Options, Options][] = [
  ['sgd', sgd, { learningRate: 0.1 }, { learningRate: 0.02 }],
  ['momentum', momentum, { learningRate: 0.1 }, { learningRate: 0.02, momentum: 0.5 }],
  ['nesterov', nesterov, { learningRate: 0.1 }, { learningRate: 0.02, momentum: 0.5 }],
  ['rmsprop', rmsprop, { learningRate: 0.1 }, { learningRate: 0.05, decay: 0.9 }],
  ['adam', adam, { learningRate: 0.1 }, { learningRate: 0.02, beta2: 0.99 }],
  ['adamw', adamw, { learningRate: 0.1, weightDecay: 0.1 }, { learningRate: 0.05, weightDecay: 0 }],
];
const head = ['head/kernel', 'head/bias'];
const lstm = ['lstm/W', 'lstm/b'];

describe.each(['ops', 'native', 'wasm'])('a group of weights, by %s', (how) => {
  beforeEach(({ skip }) => {
    removeKernels();
    if (how === 'ops') return;
    const found = arithmetic(how);
    if (!found) return skip(`no engine ${how} is built here`);
    installKernels();
    provideArithmetic(found, 1000 + Number(how === 'wasm'));
  });
  afterAll(removeKernels);

  it.each(rules)('%s: the bits of an optimizer of its own, and leaks nothing', (_, make, options, others) => {
    const before = tf.memory().numTensors;
    const [weights, alone] = [makeWeights(), makeWeights()];
    const grouped = make({ ...options, groups: [{ weights: 'head/', ...others }] });
    grouped.nameWeights(weights);
    run(grouped, weights, undefined, [1, 1]);
    const { numTensors, numBytes } = tf.memory();
    run(grouped, weights, undefined, [2, 6]);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    const apart = [make(options), make({ ...options, ...others })] as const;
    run(apart[0], alone, lstm);
    run(apart[1], alone, head);
    expect(read(weights)).toEqual(read(alone));
    for (const one of [grouped, ...apart]) one.dispose();
    tf.dispose([weights, alone]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on to the same bits in another optimizer', async () => {
    const make = () => adamw({ groups: [{ weights: /b$|bias$/, weightDecay: 0, learningRate: 0.01 }] });
    const [weights, optimizer, again] = [makeWeights(), make(), make()];
    optimizer.nameWeights(weights);
    run(optimizer, weights, undefined, [1, 3]);
    const others = tf.tidy(() =>
      Object.fromEntries(Object.entries(weights).map(([k, w]) => [k, tf.variable(tf.clone(w as tf.Tensor))])),
    );
    await again.setWeights(await optimizer.getWeights());
    again.nameWeights(others);
    for (const [one, of] of [
      [optimizer, weights],
      [again, others],
    ] as const)
      run(one, of, undefined, [4, 6]);
    expect(read(others)).toEqual(read(weights));
    for (const one of [optimizer, again]) one.dispose();
    tf.dispose([weights, others]);
  });
});

describe('which weights a group has', () => {
  const groupsOf = (optimizer: RuleOptimizer, weights = makeWeights()) => {
    optimizer.nameWeights(weights);
    tf.dispose(weights);
    return optimizer.getConfig().groups;
  };

  it('is what its text, RegExp or function matches first; the rest go by the options of all', () => {
    const optimizer = adamw({
      groups: [
        { weights: 'head/', learningRate: 1e-4 },
        { weights: (_, { rank }) => rank < 2, weightDecay: 0 },
      ],
    });
    expect(optimizer.getConfig().groups).toEqual([
      { weights: '"head/…"', learningRate: 1e-4 },
      { weights: 'of a function', weightDecay: 0 },
    ]);
    expect(groupsOf(optimizer)).toEqual([
      { weights: head, learningRate: 1e-4 },
      { weights: ['lstm/b'], weightDecay: 0 },
    ]);
    expect(groupsOf(sgd({ groups: [{ weights: /b$|bias/g, learningRate: 0 }] }))).toEqual([
      { weights: ['lstm/b', 'head/bias'], learningRate: 0 },
    ]);
    optimizer.learningRate *= 0.5;
    expect(optimizer.getConfig()).toMatchObject({ learningRate: 5e-4, groups: [{ learningRate: 5e-5 }, {}] });
    expect(adamw().getConfig()).not.toHaveProperty('groups');
  });

  it('goes by the names of variables where nobody gives others', () => {
    const [w, b] = [tf.variable(tf.ones([2]), true, 'groups/w'), tf.variable(tf.ones([2]), true, 'groups/b')];
    const late = tf.variable(tf.ones([2]), true, 'groups/b2');
    const optimizer = sgd({ learningRate: 1, groups: [{ weights: /\/b/, learningRate: 0.25 }] });
    const g = tf.ones([2]);
    optimizer.applyGradients({ [w.name]: g, [b.name]: g });
    optimizer.applyGradients({ [late.name]: g });
    expect([w, b, late].map((v) => v.dataSync()[0])).toEqual([0, 0.75, 0.75]);
    tf.dispose([w, b, late, g]);
  });

  it('is refused where it is none, and what was there stays', () => {
    const weights = makeWeights();
    const none = adam({ groups: [{ weights: 'haed/', learningRate: 1 }] });
    expect(() => none.nameWeights(weights)).toThrow(
      /^GW_OPTIM_GROUP: got group 0 of the weights "haed\/…", which is none of them, wanted some of lstm\/W, lstm\/b, head\/kernel, head\/bias/,
    );
    const shadowed = adam({ groups: [{ weights: /b/ }, { weights: 'lstm/b' }] });
    expect(() => shadowed.nameWeights(weights)).toThrow(
      /group 1 .* which finds only lstm\/b, wanted one that groups before/,
    );
    const odd = adam({ groups: [{ weights: (() => 1) as never }] });
    expect(() => odd.nameWeights(weights)).toThrow(
      /GW_OPTIM_GROUP: got 1 of a function for the weight "lstm\/W"/,
    );
    const [w, g] = [tf.variable(tf.ones([2])), tf.ones([2])];
    expect(() => none.applyGradients([{ name: w.name, tensor: g }])).toThrow(/GW_OPTIM_GROUP/);
    expect([none.iterations, ...w.dataSync()]).toEqual([0, 1, 1]);
    tf.dispose([weights, w, g]);
  });

  it.each<[() => unknown, RegExp]>([
    [() => sgd({ groups: { weights: /b/ } as never }), /GW_OPTIM_OPTION: sgd: got groups/],
    [() => adam({ groups: [{ weights: '' }] }), /adam, group 0: got weights "", wanted a RegExp/],
    [() => adam({ groups: [{ learningRate: 1 } as never] }), /group 0: got weights undefined/],
    [() => adamw({ groups: [{ weights: /b/, weightDecay: -1 }] }), /adamw, group 0: got weightDecay -1/],
    [
      () => sgd({ groups: [{ weights: /b/, weightDecay: 0 } as never] }),
      /sgd, group 0: got the option "weightDecay", wanted learningRate, weights/,
    ],
    [() => adam({ group: [] } as never), /adam: got the option "group".*did you mean "groups"/],
    [() => adam({ learningRate: 0, groups: [{ weights: /b/, learningRate: 1 }] }), /beside 0 for the others/],
  ])('%s is refused', (make, message) => {
    expect(make).toThrow(message);
  });
});
