/** `tunewright track`: shows a run in a tracker that it was not reported to, or not completely. */
import { Option } from "commander";
import { addExamples, type CommandModule } from "./command.js";
import { stderr } from "./output.js";

const trackers = ["tensorboard", "wandb", "csv", "mlflow", "swanlab"] as const;

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
        "Reads the run's events.jsonl. MLflow and SwanLab get what they lack; TensorBoard's files, metrics.csv",
        "and W&B's run file are made anew. W&B's file holds all attempts; it is uploaded where there is a key,",
        "and later by wandb sync.",
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
      if (to !== "wandb") stderr.write(`${to} has the whole run.\n`);
    });
  },
};
