/** Classes that tell lines of different things apart: by hue, by lightness, and by dashes. */
export const categories = ['tone-a', 'tone-b', 'tone-c', 'tone-d', 'tone-e', 'tone-f'] as const;

/** The style sheet of a report. Colours pass WCAG contrast in both schemes; lines differ in lightness, not in hue alone. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfbf9; --card: #ffffff; --ink: #1d2126; --soft: #5b636e; --line: #dfe2e6; --grid: #e9ebee;
  --a: #1f5fa8; --b: #c2570c; --c: #0f7b62; --d: #8e3a8b; --e: #8a6d00; --f: #4a5560; --bad: #a61b1b;
  --r0: #a9cbe6; --r1: #7fb0d6; --r2: #5593c3; --r3: #3375ab; --r4: #1c558a; --r5: #0b3761;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1b1f23; --ink: #e7e9ec; --soft: #a2abb6; --line: #333a42; --grid: #2a3037;
    --a: #6fb1f0; --b: #f0a060; --c: #58c9a6; --d: #d99ad6; --e: #d9c25a; --f: #a9b4c0; --bad: #ff9a90;
    --r0: #2f5577; --r1: #3d709c; --r2: #528cbd; --r3: #74a9d6; --r4: #a0c8ea; --r5: #d8ebfb;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 1140px; margin: 0 auto; padding: 36px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 40px 0 12px; }
h3 { font-size: 16px; margin: 0; }
.about { color: var(--soft); margin: 6px 0 0; }
.failed { border-left: 4px solid var(--bad); color: var(--bad); padding: 8px 14px; margin: 20px 0 0; background: var(--card); }
.tiles { display: flex; flex-wrap: wrap; gap: 12px 44px; margin: 26px 0 30px; padding: 0; list-style: none; }
.tiles b { display: block; font-size: 25px; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: 14px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 18px 12px; display: flex; flex-direction: column; justify-content: space-between; }
figcaption p { color: var(--soft); font-size: 14px; margin: 2px 0 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0 0 10px; padding: 0; list-style: none; font-size: 13px; }
.swatch { width: 22px; height: 10px; margin-right: 6px; }
.chart { width: 100%; height: auto; display: block; overflow: visible; }
.chart text { font: 12px system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
.chart .label { font-size: 13px; fill: var(--ink); }
@media (max-width: 560px) { .chart text { font-size: 18px; } .chart .label { font-size: 19px; } }
.grid { stroke: var(--grid); fill: none; }
.axis { stroke: var(--soft); fill: none; }
.reference { stroke: var(--soft); stroke-dasharray: 5 4; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.thin { fill: none; stroke-width: 1.3; stroke-linejoin: round; }
.faint { fill: none; stroke-width: 1; opacity: 0.5; }
.dots { stroke: var(--card); stroke-width: 1; }
${['a', 'b', 'c', 'd', 'e', 'f'].map((tone) => `.tone-${tone} { stroke: var(--${tone}); } .dots.tone-${tone} { fill: var(--${tone}); stroke: var(--card); }`).join(' ')}
.tone-c { stroke-dasharray: 7 3; } .tone-d { stroke-dasharray: 2 3; } .tone-e { stroke-dasharray: 9 3 2 3; } .tone-f { stroke-dasharray: 4 4; } .dots { stroke-dasharray: none; }
${[0, 1, 2, 3, 4, 5].map((i) => `.ramp-${i} { stroke: var(--r${i}); } .dots.ramp-${i} { fill: var(--r${i}); stroke: var(--card); }`).join(' ')}
.heat { fill: var(--r5); shape-rendering: crispEdges; }
.heat-scale { display: flex; align-items: center; gap: 8px; font-size: 13px; }
.empty { color: var(--soft); padding: 60px 0; text-align: center; }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 0 36px; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); font-weight: normal; vertical-align: top; }
th { color: var(--soft); }
th.n, td.n { text-align: right; white-space: nowrap; }
.bar { width: 100%; min-width: 48px; height: 10px; display: block; margin-top: 7px; } .track { fill: var(--grid); }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; margin: 8px 0 20px; white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
details { margin-top: 28px; } summary { cursor: pointer; color: var(--soft); }
@media print { .charts { grid-template-columns: 1fr 1fr; } figure { break-inside: avoid; } }
`;
