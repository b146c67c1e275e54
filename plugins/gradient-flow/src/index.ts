export { type FlowRecord, type GradientFlowOptions, gradientFlow } from './gradient-flow.js';
