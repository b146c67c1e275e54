import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything that set-up downloads, out of git. */
export const peersFolder = fileURLToPath(new URL('../.peers/', import.meta.url));

const bin = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];

export const python = {
  environment: join(peersFolder, 'python'),
  program: join(peersFolder, 'python', ...bin),
  /** Where the workers in Python are. */
  scripts: fileURLToPath(new URL('.', import.meta.url)),
};

export const npmPeers = join(peersFolder, 'node');
