import { writeFileSync } from 'node:fs';
import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** One look for all figures; the colours are told apart without red and green (Okabe and Ito, 2008). */
const look = {
  background: '#ffffff',
  font: 'sans-serif',
  axis: { gridColor: '#e5e5e5', domainColor: '#999999', tickColor: '#999999', labelFontSize: 11 },
  view: { stroke: null },
  mark: { color: '#0072b2' },
  legend: { labelLimit: 0 },
  range: { category: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555'] },
} as const;

/** A Vega-Lite chart as SVG text. */
export function svgOf(spec: TopLevelSpec): Promise<string> {
  // ids of gradients and clips count on through the whole process
  resetSVGDefIds();
  const { spec: chart } = compile({ ...spec, config: { ...look, ...spec.config } } as TopLevelSpec);
  return new View(parse(chart), { renderer: 'none' }).toSVG();
}

/**
 * Writes the figures of a run as `name.json`, and a chart of them as `name.svg`, beside the test.
 *
 * @example await writeFigures(import.meta.url, 'tags', figures, { data: { values }, mark: 'line', encoding });
 */
export async function writeFigures(
  test: string,
  name: string,
  figures: object,
  chart: TopLevelSpec,
): Promise<void> {
  writeFileSync(new URL(`${name}.json`, test), `${JSON.stringify(figures, null, 2)}\n`);
  writeFileSync(new URL(`${name}.svg`, test), `${await svgOf(chart)}\n`);
}
