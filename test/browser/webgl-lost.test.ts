import { testsInPage } from './in-page.js';

await testsInPage('webgl-lost', () => {});
