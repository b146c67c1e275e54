import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runServer } from 'verdaccio';
import { run } from './run.js';

/** A registry of this machine: ours are published to it, all others come through it. */
export interface Registry {
  /** What npm needs to know of it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A verdaccio on a free port, with a storage of its own; what it lacks comes from the registry that npm is set to. */
export async function startRegistry(): Promise<Registry> {
  const storage = mkdtempSync(join(tmpdir(), 'gatewise-registry-'));
  const upstream = (await run('npm', ['config', 'get', 'registry'], { cwd: storage })).trim();
  const ours = { access: '$all', publish: '$anonymous' };
  const server = (await runServer({
    storage,
    self_path: join(storage, 'config.yaml'),
    uplinks: { upstream: { url: upstream, cache: false, maxage: '60m', timeout: '60s' } },
    packages: { '@gatewise/*': ours, 'create-gatewise': ours, '**': { access: '$all', proxy: 'upstream' } },
    max_body_size: '100mb',
    log: { type: 'stdout', level: 'fatal' },
    web: { enable: false },
  } as never)) as Server;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      npm_config_registry: `http://127.0.0.1:${port}/`,
      // npm publishes with a token alone, any token
      [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'anyone',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_update_notifier: 'false',
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      rmSync(storage, { recursive: true, force: true });
    },
  };
}
