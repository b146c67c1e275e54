import { setupPeers } from './peers/setup.js';

// `npm run setup:peers`: all that the benchmark and the long tests compare with. What fails is said and left out.
const groups = ['python', 'tensorflow', 'torch', 'npm'] as const;
const missing = await setupPeers(groups, (line) => console.log(`setup:peers: ${line}`));
if (missing.size > 0) process.exitCode = 1;
else console.log('setup:peers: up to date');
