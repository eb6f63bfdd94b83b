/**
 * What is measured in a process of its own, so that the memory and the garbage of
 * other measurements do not affect it.
 *
 * Each job is loaded on demand: a process loads what its job needs and no more.
 */
export const jobs = {
  repack: async () => (await import("./repack_job.ts")).repackJob,
  write: async () => (await import("./write_job.ts")).writeJob,
  loop: async () => (await import("./loop_job.ts")).loopJob,
  codec: async () => (await import("./codec_job.ts")).codecJob,
  allocations: async () =>
    (await import("./allocations_job.ts")).allocationsJob,
};

type Job<Kind extends keyof typeof jobs> = Awaited<
  ReturnType<typeof jobs[Kind]>
>;

/** What a job is given. */
export type Task<Kind extends keyof typeof jobs> = Parameters<Job<Kind>>[0];

/** What a job returns. */
export type Answer<Kind extends keyof typeof jobs> = Awaited<
  ReturnType<Job<Kind>>
>;
