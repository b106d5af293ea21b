/** `tunewright data`: look at training data and bring it into the canonical format. */
import { addExamples, type CommandModule } from "./command.js";
import { registerConvert } from "./data/convert.js";
import { registerPreview } from "./data/preview.js";

export const dataCommand: CommandModule = {
  name: "data",
  summary: "look at training data, convert it",
  register(command) {
    registerPreview(command.command("preview"));
    registerConvert(command.command("convert"));
    addExamples(
      command,
      "tunewright data preview conversations.jsonl",
      "tunewright data convert moss.jsonl --out messages.jsonl",
    );
  },
};
