import { Error as ErrorsAlone, logger, parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A chart as SVG, in the look of all charts here. */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  const spec: TopLevelSpec = {
    ...chart,
    config: {
      font: 'sans-serif',
      background: 'white',
      legend: { orient: 'top' },
      view: { stroke: '#8886' },
      axis: { aria: false, gridColor: '#8883' },
    },
  };
  const view = new View(parse(compile(spec, { logger: logger(ErrorsAlone) }).spec), { renderer: 'none' });
  return inBothLights(await view.toSVG());
}

/** The page's own colours in light; in dark, text and ground change places. The colours of the dots carry in both. */
function inBothLights(svg: string): string {
  const style = [
    '<style>',
    'text{fill:#24292f}',
    'svg>rect{fill:#fff}',
    '@media (prefers-color-scheme:dark){text{fill:#e6edf3}svg>rect{fill:#0d1117}}',
    '</style>',
  ].join('');
  return svg.replace(/(<svg[^>]*>)/, `$1${style}`);
}
