/** `tunewright setup`: runs the set-up script. The launcher does the same before Node starts. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { EnvironmentError } from "../util/errors.js";
import { packageRoot } from "../util/packageRoot.js";
import { addExamples, type CommandModule } from "./command.js";

export const setupCommand: CommandModule = {
  name: "setup",
  summary: "install and build what Tunewright needs (runs automatically on first use)",
  register(command) {
    command.option(
      "--offline <dir>",
      "use the bundle in DIR, or else wheels in DIR and npm packages in the cache DIR/npm",
    );
    addExamples(command, "tunewright setup");
    command.action((options: { offline?: string }) => {
      const script = join(packageRoot(), "scripts/setup.mjs");
      const flags = options.offline ? ["--offline", options.offline] : [];
      const { status } = spawnSync(process.execPath, [script, ...flags], { stdio: "inherit" });
      if (status !== 0) {
        throw new EnvironmentError("set-up failed", { todo: "see the messages above" });
      }
    });
  },
};
