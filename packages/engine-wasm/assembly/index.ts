export { math } from './math';
export { products } from './gemm';
export { packPanels } from './pack';
