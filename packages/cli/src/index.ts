export { runCommand } from 'create-gatewise';
export { main } from './main.js';
export { type Home, trainCommand } from './train/command.js';
export type { Result } from './train/tell.js';
