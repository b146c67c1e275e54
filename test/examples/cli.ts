import { writeTutorial } from '@gatewise/example-figures';
import { tutorialNames, tutorialOf } from './tutorials.js';

/** Writes figures.json, the charts and the README of the tutorials named, or of all: npm run examples */
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !tutorialNames.includes(name));
if (unknown.length > 0) {
  console.error(`got ${unknown.join(', ')}, wanted names of ${tutorialNames.join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : tutorialNames) {
  const start = performance.now();
  await writeTutorial(await tutorialOf(name));
  console.log(`${name}: written in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
