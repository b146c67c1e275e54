export { newCommand } from './new-command.js';
export { runCommand } from './run-command.js';
export { type Kind, kinds, type Scaffold, scaffold } from './scaffold.js';
