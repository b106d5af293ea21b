/** `tunewright config import`: a configuration of another trainer as a file of ours. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { ImportedConfig } from "../../train/config/index.js";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { ConfigError, joinErrors } from "../../util/errors.js";
import { checkOutPlace, realPath } from "../../util/outPlace.js";
import { addExamples, printJson } from "../command.js";
import { stdout } from "../output.js";

interface ImportFlags {
  out?: string;
  overwrite?: boolean;
  json?: boolean;
}

export function registerImport(command: Command): void {
  command
    .description("translate a file of LLaMA-Factory, axolotl, TRL, ms-swift or Firefly")
    .argument("<file>", "their configuration file (YAML or JSON)")
    .option("--out <file>", "write the configuration here; default: to stdout")
    .option("--overwrite", "replace the file if it exists")
    .option("--json", "print one JSON object: what became of every key")
    .action(async (file: string, flags: ImportFlags) => runImport(file, flags));
  addExamples(
    command,
    "tunewright config import llama_factory.yaml --out run.yaml",
    "tunewright config import axolotl.yml --json",
  );
}

async function runImport(file: string, { out, overwrite, json }: ImportFlags): Promise<void> {
  const { describeImported, importConfig, renderImported } = await import(
    "../../train/config/index.js"
  );
  const imported = importConfig(file);
  if (out !== undefined) {
    const { withOutput } = await import("../outputLock.js");
    await withOutput(out, [file], async () => {
      checkFree(out, file, overwrite === true);
      writeFileAtomic(out, renderImported(imported));
    });
  }
  if (json) printJson(reportOf(imported, out));
  else if (out === undefined) stdout.write(renderImported(imported));
  else for (const line of describeImported(imported)) stdout.write(`${line}\n`);
  if (imported.problems.length > 0) throw joinErrors(imported.problems);
}

function checkFree(out: string, file: string, isReplaced: boolean): void {
  checkOutPlace(out);
  if (realPath(out) === realPath(file)) {
    throw new ConfigError(`${out} is both input and output`, { todo: "Give another --out." });
  }
  if (isReplaced || !existsSync(out)) return;
  throw new ConfigError(`${out} exists already`, {
    why: "It would be replaced.",
    todo: "Give another --out, or say --overwrite.",
  });
}

function reportOf({ file, dialect, keys, remarks, problems }: ImportedConfig, out?: string) {
  return {
    file,
    dialect,
    ...(out === undefined ? {} : { out }),
    ok: problems.length === 0,
    keys,
    remarks,
    problems: problems.map(({ message, why, todo }) => ({ what: message, why, todo })),
  };
}
