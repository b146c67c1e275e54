import { main } from '../main.js';

// The program from its source, as tests run it.
await main(process.argv.slice(2));
