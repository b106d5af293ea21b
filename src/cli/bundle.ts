/** `tunewright bundle`: packs Tunewright and all that it needs for a machine without a network. */
import { basename } from "node:path";
import { shellWord } from "../util/shellWord.js";
import type { BundleReport } from "./bundle/index.js";
import { addExamples, type CommandModule, printJson } from "./command.js";
import { stderr, stdout } from "./output.js";

interface Flags {
  out: string;
  model: string[];
  data: string[];
  torch?: string;
  node: boolean;
  builtinModel: boolean;
  force: boolean;
  json?: boolean;
}

const collect = (value: string, before: string[]) => [...before, value];

export const bundleCommand: CommandModule = {
  name: "bundle",
  summary: "pack Tunewright and all that it needs for a machine without a network",
  register(command) {
    command
      .requiredOption("--out <path>", "FILE.tar.gz, FILE.tar, or a folder")
      .option(
        "--model <name>",
        "also pack a model: directory, .gguf file or OWNER/NAME (repeatable)",
        collect,
        [],
      )
      .option("--data <path>", "also pack a data file or folder (repeatable)", collect, [])
      .option("--torch <build>", "pack another build of torch than this one: cpu, cu126, cu130, …")
      .option("--no-node", "leave Node.js out")
      .option("--no-builtin-model", "leave the built-in model out (94 MB)")
      .option("--force", "replace an older bundle of the same name", false)
      .option("--json", "print one JSON object on stdout");
    addExamples(
      command,
      "tunewright bundle --out tunewright.tar.gz",
      "tunewright bundle --out /mnt/share/tunewright --model Qwen/Qwen3-0.6B --data mine.jsonl",
    );
    command.action(async ({ model, json, ...flags }: Flags) => {
      const { packBundle } = await import("./bundle/index.js");
      const say = (line: string) => stderr.write(`tunewright: ${line}\n`);
      const report = await packBundle({ ...flags, models: model, say });
      if (json) printJson(report);
      else stdout.write(`${describe(report).join("\n")}\n`);
    });
  },
};

function describe(report: BundleReport): string[] {
  const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
  const archive = report.path.endsWith(report.folder) ? undefined : report.path;
  return [
    `${report.path}: ${size}, torch ${report.torch}${report.node ? `, Node.js ${report.node}` : ""}`,
    ...[...report.models, ...report.data].map((path) => `  with ${path}`),
    `SHA-256 ${report.sha256}${archive ? "" : " (bundle/manifest.json)"}`,
    `It needs Linux with glibc ${report.glibc} or newer${report.node ? "" : " and Node.js 20 or newer"}. There:`,
    ...(archive ? [`  tar -xf ${shellWord(basename(archive))}`] : []),
    `  cd ${shellWord(report.folder)}`,
    "  ./tunewright demo --quick",
  ];
}
