/** Runs that wait their turn, and the processes that train. */
export { createQueue, type NewJob, type QueueOptions, type RunQueue } from "./queue.js";
export { type Combination, mostRuns, sweep } from "./sweep.js";
