/** `tunewright data`: inspect training data, clean it, and convert it to the canonical format. */
import { addExamples, type CommandModule } from "./command.js";
import { registerCache } from "./data/cache.js";
import { registerClean } from "./data/clean.js";
import { registerConvert } from "./data/convert.js";
import { registerDedup } from "./data/dedup.js";
import { registerPreview } from "./data/preview.js";
import { registerStats } from "./data/stats.js";

export const dataCommand: CommandModule = {
  name: "data",
  summary: "inspect, convert, clean and deduplicate training data",
  register(command) {
    registerStats(command.command("stats"));
    registerPreview(command.command("preview"));
    registerConvert(command.command("convert"));
    registerClean(command.command("clean"));
    registerDedup(command.command("dedup"));
    registerCache(command.command("cache"));
    addExamples(
      command,
      "tunewright data preview conversations.jsonl",
      "tunewright data convert moss.jsonl --out messages.jsonl",
      "tunewright data clean messages.jsonl --out clean.jsonl",
      "tunewright data dedup clean.jsonl --out distinct.jsonl",
    );
  },
};
