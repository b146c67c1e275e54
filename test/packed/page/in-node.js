import { modelFolder } from '@gatewise/plugin-checkpoint';
import { predict } from './predict.js';

console.log(JSON.stringify(await predict(modelFolder(process.argv[2]))));
