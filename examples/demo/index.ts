import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildDemo, serveDemo } from './site.js';

const usage = `Usage: npm run demo -- [options]

Bundles the demo and serves it on this machine; Ctrl-C ends it.

  --port <n>      where to serve it, the next free one where that is taken (4173)
  --host <name>   to be reached from other machines: 0.0.0.0 (127.0.0.1)
  --build <dir>   only bundles, into a folder that any static server can serve
  --help          this
`;

const kept = fileURLToPath(new URL('../../node_modules/.cache/gatewise/demo', import.meta.url));

const settings = {
  port: { type: 'string', default: '4173' },
  host: { type: 'string', default: '127.0.0.1' },
  build: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** What was asked for; undefined, and said, where that is not understood. */
function asked() {
  try {
    const { values } = parseArgs({ options: settings });
    const port = Number(values.port);
    if (Number.isInteger(port) && port >= 0 && port <= 65535) return { ...values, port };
    throw new Error(`got --port ${values.port}, wanted a whole number from 0 to 65535`);
  } catch (error) {
    console.error(`GW_CLI_USAGE: ${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

async function main(): Promise<void> {
  const options = asked();
  if (!options) return;
  if (options.help) return void process.stdout.write(usage);
  const folder = options.build === undefined ? kept : resolve(options.build);
  console.log(`bundling the demo into ${folder}`);
  await buildDemo(folder);
  if (options.build !== undefined) return;
  const { url } = await serveDemo(folder, options);
  console.log(`the demo is at ${url} (Ctrl-C ends it)`);
}

await main();
