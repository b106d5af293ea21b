/** `tunewright config`: configuration files of other trainers. */
import { addExamples, type CommandModule } from "./command.js";
import { registerImport } from "./config/import.js";

export const configCommand: CommandModule = {
  name: "config",
  summary: "take over configuration files of other trainers",
  register(command) {
    registerImport(command.command("import"));
    addExamples(command, "tunewright config import llama_factory.yaml --out run.yaml");
  },
};
