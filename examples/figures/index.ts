export { svgOf, writeFigures } from './figure.js';
export { readme, type Tutorial, table, writeTutorial } from './tutorial.js';
