export { type LossOf, type StatefulModel, type TbpttOptions, tbptt } from './tbptt.js';
