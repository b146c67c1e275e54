export { counterHash, drawLimit } from './hash.js';
export { assign, below, choose, constant, type Language, language, scalar } from './language.js';
export { maths } from './maths.js';
export { type Leaf, type Statements, statements } from './statements.js';
