import { cellNames } from '@gatewise/core';
import type { CellPage } from './cells.js';
import { graphOf, svgOf } from './diagram.js';
import { normalised } from './normalised.js';
import { read } from './repository.js';
import { fence } from './source-page.js';
import { display, equations } from './tex.js';

/** The page of one cell: what it is, its equations, its picture, its weights, its code. */
export function cellPage(page: CellPage): string {
  const { name, prose, forward, backward, file, cell } = page;
  const parts = [
    `# ${name}`,
    prose,
    '## Equations',
    'T time steps, B rows, I features, H units. x<sub>t</sub> is [B, I], states and gates are [B, H]; ⊗ multiplies entry by entry.',
    ...(cell
      ? ['What each gate reads:', display(`\\begin{aligned}${gateRows(page).join(' \\\\ ')}\\end{aligned}`)]
      : []),
    ...(cell ? ['From there to the next state:'] : []),
    equations(forward),
    '## Picture',
    figure(page),
    ...(cell ? ['## Weights', weights(page)] : []),
    '## In a model',
    usage(page),
    ...(backward.length > 0
      ? [
          '## Backward',
          'δv is the gradient of the loss by v, a prime marks the state one step before, += adds to what came from the next step. The rest follows from the gates: δW = x<sub>t</sub>ᵀ δa, δR = h′ᵀ δa, δb = Σ δa, δh′ += δa Rᵀ.',
          equations(backward),
        ]
      : []),
    '## Code',
    `All of it, [\`${file}\`](/source/${file}.md):`,
    fence('ts', read(file)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** a_k = x_t W_k + h_{t-1} R_k + b_k, with what this cell leaves out left out. */
function gateRows({ cell }: CellPage): string[] {
  const { gates, input, recurrent, feeds, state } = cellNames(cell!);
  return gates.map((gate) => {
    const terms = [
      ...(input.includes(gate) ? [`x_t W_{${gate}}`] : []),
      ...(recurrent.includes(gate)
        ? [`${feeds.includes(gate) ? 'u' : `${state[0]}_{t-1}`} R_{${gate}}`]
        : []),
      `b_{${gate}}`,
    ];
    return `a_{${gate}} &= ${terms.join(' + ')}`;
  });
}

function figure({ name, cell }: CellPage): string {
  const graph = cell ? graphOf(cell) : normalised;
  const title = `Diagram of the cell ${name}: ${graph.nodes.filter(({ kind }) => kind === 'gate').length} pre-activations, operation by operation, to the next state`;
  const from = cell
    ? 'Drawn from the program that the recorder makes of the code below, the same that every engine runs.'
    : 'Drawn by hand: this one is no recorded cell.';
  const svg = svgOf(graph, title);
  return `<figure class="diagram"><div tabindex="0" role="group" aria-label="Diagram, can be scrolled" v-pre>${svg}</div><figcaption>${from} W and R stand where a product with a matrix is added; σ, tanh, relu and ⊗ work entry by entry.</figcaption></figure>`;
}

function weights({ cell }: CellPage): string {
  const { input, recurrent, gates, vectors } = cellNames(cell!);
  const times = (n: number) => (n === 1 ? 'H' : `${n}H`);
  const rows = [
    ['`kernel` W', `[I, ${times(input.length)}]`, input.join(' ')],
    ...(recurrent.length > 0
      ? [['`recurrent_kernel` R', `[H, ${times(recurrent.length)}]`, recurrent.join(' ')]]
      : []),
    ['`bias` b', `[${times(gates.length)}]`, gates.join(' ')],
    ...vectors.map((vector) => [`\`${vector}\``, '[H]', '']),
  ];
  const count = parameters(cell!);
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  return `| weight | shape | columns, H each |\n| --- | --- | --- |\n${table}\n\nParameters: ${count.formula}; ${count.of(16, 32).toLocaleString('en')} at I = 16, H = 32. Carried from step to step: ${cell!.state.join(', ')}.`;
}

/** How many numbers are learned. */
export function parameters(cell: NonNullable<CellPage['cell']>) {
  const { input, recurrent, gates, vectors } = cellNames(cell);
  const [W, R, b] = [input.length, recurrent.length, gates.length + vectors.length];
  const term = (n: number, letters: string) => (n === 0 ? [] : [n === 1 ? letters : `${n}${letters}`]);
  return {
    formula: [...term(W, 'IH'), ...term(R, 'H²'), ...term(b, 'H')].join(' + '),
    of: (I: number, H: number) => W * I * H + R * H * H + b * H,
  };
}

const camel = (name: string) => name.replace(/-./g, (found) => found[1]!.toUpperCase());

function usage({ name, exported, folder, cell }: CellPage): string {
  const from = `@gatewise/${folder.split('/')[1]}`;
  if (!cell) return `It is a layer of its own: see [${from}](/${folder}/).`;
  if (folder === 'packages/cells') {
    return fence(
      'ts',
      `import { ${camel(name)} } from '@gatewise/layers';\n\nconst layer = ${camel(name)}({ units: 32, inputShape: [20, 16] }); // x [B,20,16] → h [B,32]`,
    );
  }
  return `It lives outside \`packages/\`, in [${from}](/${folder}/), and runs on every engine all the same.\n\n${fence(
    'ts',
    `import { ${exported} } from '${from}';\nimport { recurrent } from '@gatewise/layers';\n\nconst layer = recurrent({ cell: ${exported}, units: 32, inputShape: [20, 16] }); // x [B,20,16] → h [B,32]`,
  )}`;
}
