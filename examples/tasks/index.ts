export { type Contestant, contestants, parameters, startOf, unitsWithin } from './cells.js';
export { learn } from './learn.js';
export { embeddedReber, legalNext, reberSymbols } from './reber.js';
export { adding, epochOf, type Task } from './task.js';
