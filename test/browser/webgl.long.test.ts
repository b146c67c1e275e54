import { testsInPage } from './in-page.js';

await testsInPage('webgl-long', () => {}, { said: [/^warning: gatewise: textures hold 16 bits here/] });
