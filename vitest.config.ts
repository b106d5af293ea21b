import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "web/src/**/*.test.ts", "test/**/*.test.ts"],
    // Each worker loads libtorch, and the machines this runs on may have two cores.
    // Two workers with two OpenMP threads each on two cores would spend their time waiting.
    env: { OMP_NUM_THREADS: "1" },
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
