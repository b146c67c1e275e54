import katex from 'katex';

const signs: Readonly<Record<string, string>> = {
  'σ̂′': "\\hat\\sigma'",
  σ̂: '\\hat\\sigma',
  σ: '\\sigma',
  δ: '\\delta ',
  '⊗': '\\otimes ',
  '−': '-',
  '·': '\\cdot ',
  '½': '\\tfrac12 ',
  '²': '^2',
  '+=': '\\mathrel{+}=',
  '→': '\\to ',
  '≈': '\\approx ',
  '≥': '\\ge ',
  '≤': '\\le ',
};
const functions: Readonly<Record<string, string>> = {
  tanh: '\\tanh',
  relu: '\\operatorname{relu}',
  mean: '\\operatorname{mean}',
  var: '\\operatorname{var}',
  LN: '\\operatorname{LN}',
};
const token = new RegExp(
  [
    /√\(([^()]*)\)/,
    /_\{([^}]*)\}|_([a-z])/,
    /(?<![A-Za-z])(?:tanh|relu|mean|var|LN)(?![A-Za-z])/,
    new RegExp(
      Object.keys(signs)
        .map((sign) => sign.replace(/[+]/g, '\\+'))
        .join('|'),
    ),
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** A formula as the sources write it, `c_t = f ⊗ c_{t-1} + i ⊗ g`, in TeX. */
export const texOf = (formula: string): string =>
  formula.replace(token, (found, root?: string, braced?: string, letter?: string) => {
    if (root !== undefined) return `\\sqrt{${texOf(root)}}`;
    if (braced !== undefined) return `_{${braced}}`;
    if (letter !== undefined) return `_{${letter}}`;
    return signs[found] ?? functions[found] ?? found;
  });

/** Lines of formulas, each its equations two spaces apart: `i = σ(a_i),  g = tanh(a_g)`. */
export function equations(lines: readonly string[]): string {
  const rows = lines.flatMap((line) => line.split(/,? {2,}|, (?=over |with )/)).filter(Boolean);
  const aligned = rows.map((row) => {
    const at = row.search(/\+?=/);
    if (at < 0) return `&\\quad\\text{${row}}`;
    const sign = row.startsWith('+=', at) ? '+=' : '=';
    return `${texOf(row.slice(0, at))} &${texOf(sign)} ${texOf(row.slice(at + sign.length).replace(/,$/, ''))}`;
  });
  return aligned.length === 0 ? '' : display(`\\begin{aligned}${aligned.join(' \\\\ ')}\\end{aligned}`);
}

/** TeX as HTML and MathML on a line of its own. Throws on what KaTeX does not know. */
export const display = (tex: string): string =>
  `<div class="equations" tabindex="0" role="group" aria-label="Equations" v-pre>${katex.renderToString(tex, { displayMode: true, throwOnError: true, strict: 'error' })}</div>`;
