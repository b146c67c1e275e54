/** The path of the first mpirun that starts, or a SetupError that says what was found; GATEWISE_MPIRUN names one. */
export function findMpi(): Promise<string>;
