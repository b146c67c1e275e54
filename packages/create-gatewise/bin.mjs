#!/usr/bin/env node
import { newCommand, runCommand } from './dist/index.js';

await runCommand(newCommand('create-gatewise'), process.argv.slice(2));
