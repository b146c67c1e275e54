import { predict } from './predict.js';

window.predicted = predict('/model/model.json');
