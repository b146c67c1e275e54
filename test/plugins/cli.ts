import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { folder } from './all.js';
import { readmeFile, withTable } from './table.js';

/** Writes the table of plugins/README.md: npx tsx --conditions gatewise-source test/plugins/cli.ts */
writeFileSync(readmeFile, withTable(readFileSync(readmeFile, 'utf8')));
rmSync(folder, { recursive: true, force: true });
