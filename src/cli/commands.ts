/**
 * The commands of the program. Each is imported only when it is asked for (or when the list of
 * commands is printed), so that `tunewright --help` stays quick.
 */
import type { CommandModule } from "./command.js";

/** Loaders by command name, in the order in which `--help` lists them. */
export const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  demo: async () => (await import("./demo.js")).demoCommand,
  doctor: async () => (await import("./doctor.js")).doctorCommand,
  check: async () => (await import("./check.js")).checkCommand,
  train: async () => (await import("./train.js")).trainCommand,
  runs: async () => (await import("./runs.js")).runsCommand,
  plot: async () => (await import("./plot.js")).plotCommand,
  track: async () => (await import("./track.js")).trackCommand,
  config: async () => (await import("./config.js")).configCommand,
  chat: async () => (await import("./chat.js")).chatCommand,
  serve: async () => (await import("./serve.js")).serveCommand,
  eval: async () => (await import("./eval.js")).evalCommand,
  merge: async () => (await import("./merge.js")).mergeCommand,
  export: async () => (await import("./export.js")).exportCommand,
  data: async () => (await import("./data.js")).dataCommand,
  bundle: async () => (await import("./bundle.js")).bundleCommand,
  setup: async () => (await import("./setup.js")).setupCommand,
};
