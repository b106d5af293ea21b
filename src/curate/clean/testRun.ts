/** A run in a process of its own, for the test that kills it: data file and output as arguments. */
import { cleanFiles } from "./cleanFiles.js";
import { resolvePipeline } from "./pipeline.js";

const [file, out] = process.argv.slice(2);
if (file === undefined || out === undefined) throw new Error("usage: testRun.ts FILE OUT");
const steps = resolvePipeline({ preset: "chat" }, "test");
await cleanFiles([file], out, { steps, threads: 1, saveEveryMs: 0 });
