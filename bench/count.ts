/** How many services; bench.ts writes another number beside its copy. */
export const count = 37;
