// An optional peer that is imported for its side effect alone: no types of it are used.
declare module '@tensorflow/tfjs-backend-webgpu';
