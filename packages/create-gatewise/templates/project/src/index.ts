import { useBackend } from '@gatewise/backends';
import { trainModel } from './train-model.js';

const { driver, engine } = await useBackend('cpu'); // or 'node', 'wasm', 'webgpu', 'auto'
console.log(`Training on ${driver}; recurrence on ${engine}`);
const history = await trainModel({ epochs: 4, seed: 1, folder: 'runs/first/model' });
console.log(`Validation loss: ${history.map(({ valLoss }) => valLoss?.toFixed(3)).join(' → ')}`);
