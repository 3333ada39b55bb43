/** MiB of heap: half of the limit; the other half is for the JVM itself and for files that are mapped into memory. */
export const heapOf = (memory: number) => Math.floor(memory / 2 / 2 ** 20);

export const heapProblems = (heap: number) =>
  heap >= 384
    ? []
    : [`size: its limit leaves a heap of ${heap} MiB, broker and controller need 384; use large, or 768Mi and more`];
