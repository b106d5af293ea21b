/** `tunewright track`: shows a run in a tracker that it was not reported to, or not completely. */
import { Option } from "commander";
import { addExamples, type CommandModule } from "./command.js";
import { stderr } from "./output.js";

const trackers = ["tensorboard", "csv", "mlflow", "swanlab"] as const;

export const trackCommand: CommandModule = {
  name: "track",
  summary: "show a run in a tracker, or send what a server lacks of it",
  register(command) {
    command.argument("<run>", "output_dir of the run");
    command.addOption(
      new Option("--to <tracker>", "where to").choices(trackers).makeOptionMandatory(),
    );
    command.addHelpText(
      "after",
      [
        "",
        "Reads the run's events.jsonl. A server that has some values gets the others only; TensorBoard's",
        "files and metrics.csv are made anew. For W&B's files use: wandb sync.",
      ].join("\n"),
    );
    addExamples(
      command,
      "tunewright track output/my-run --to tensorboard",
      "MLFLOW_TRACKING_URI=http://mlflow:5000 tunewright track output/my-run --to mlflow",
    );
    command.action(async (run: string, { to }: { to: (typeof trackers)[number] }) => {
      const { replayRun } = await import("../tracking/index.js");
      const say = (line: string) => void stderr.write(`tunewright: ${line}\n`);
      await replayRun(run, to, { say });
      stderr.write(`${to} has the whole run.\n`);
    });
  },
};
