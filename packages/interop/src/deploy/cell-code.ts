import { type Arithmetic, type Program, stage } from '@gatewise/recurrence';

/**
 * A cell's forward step as JavaScript over units j: a [G·H] pre-activations, s [S·H] the states before, w [P·H] vectors,
 * n [S·H] the states after, u [H] the operand. Gates and columns that each operand feeds are pairs [gate, block of rows].
 */
export function cellCode(program: Program): string {
  const { gates, input, recurrent, feeds, operand } = program;
  const pairs = (names: readonly string[], keep: (name: string) => boolean = () => true) =>
    JSON.stringify(names.flatMap((name, k) => (keep(name) ? [[gates.indexOf(name), k]] : [])));
  const lines = [
    `gates: ${gates.length}, states: ${program.state.length},`,
    `x: ${pairs(input)},`,
    `h: ${pairs(recurrent, (name) => !feeds.includes(name))},`,
    ...(operand < 0
      ? []
      : [
          `u: ${pairs(recurrent, (name) => feeds.includes(name))},`,
          loop(program, 'operand(a, s, w, u, H)', [['u[j]', operand]]),
        ]),
    loop(
      program,
      'forward(a, s, w, n, H)',
      program.next.map((root, k) => [at('n', k), root]),
    ),
  ];
  return `{\n  ${lines.join('\n  ')}\n}`;
}

const at = (array: string, k: number) => (k === 0 ? `${array}[j]` : `${array}[${k} * H + j]`);
const arrays: Readonly<Record<string, string>> = { gate: 'a', state: 's', vector: 'w' };

function loop(program: Program, head: string, results: readonly (readonly [string, number])[]): string {
  const lines: string[] = [];
  const put = (text: string): string => {
    lines.push(`const n${lines.length} = ${text};`);
    return `n${lines.length - 1}`;
  };
  const value = stage(
    program,
    results.map(([, root]) => root),
  ).run(writing(put), ({ op, a }) =>
    op === 'const' ? `(${program.constants[a]})` : at(arrays[op] as string, a),
  );
  const ends = results.map(([target, root]) => `${target} = ${value(root) ?? '0'};`);
  const body = [...lines, ...ends].map((line) => `\n      ${line}`).join('');
  return `${head} {\n    for (let j = 0; j < H; j++) {${body}\n    }\n  },`;
}

/** The eight operations as text, a statement each. */
const writing = (put: (text: string) => string): Arithmetic<string> => ({
  add: (a, b) => put(`${a} + ${b}`),
  sub: (a, b) => put(`${a} - ${b}`),
  mul: (a, b) => put(`${a} * ${b}`),
  neg: (a) => put(`-${a}`),
  sigmoid: (a) => put(`sigmoid(${a})`),
  tanh: (a) => put(`Math.tanh(${a})`),
  relu: (a) => put(`relu(${a})`),
  step: (a) => put(`above(${a})`),
});
