export { type NanGuardOptions, nanGuard } from './nan-guard.js';
