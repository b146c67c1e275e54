export { type DistributedMpiOptions, distributedMpi } from './distributed-mpi.js';
