/** `tunewright serve`: OpenAI's API and the page, over HTTP. */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { AdapterName } from "../generate/index.js";
import { ConfigError } from "../util/errors.js";
import { packageRoot } from "../util/packageRoot.js";
import { abortOnSignals, stoppedExitCode } from "../util/signals.js";
import { collectAdapters } from "./adapterOption.js";
import { addExamples, type CommandModule } from "./command.js";
import { addDeviceOptions } from "./modelOptions.js";

interface ModelChoice {
  name: string;
  place: string;
  adapters: AdapterName[];
}

interface ServeFlags {
  model?: ModelChoice[];
  runs?: string[];
  data?: string[];
  results?: string[];
  host: string;
  port: number;
  /** False with `--no-api-key`. */
  apiKey?: string | false;
  allowedHost?: string[];
  maxRequests: number;
  engineTimeout: number;
  dtype?: string;
  device?: string;
  template?: string;
  quiet?: boolean;
}

export const serveCommand: CommandModule = {
  name: "serve",
  summary: "serve models over HTTP: OpenAI's API and a page in the browser",
  register(command) {
    addModelOptions(command);
    addHostOptions(command);
    command.option(
      "--max-requests <n>",
      "answers that are computed or wait at once; more get 429",
      whole,
      64,
    );
    command.option(
      "--engine-timeout <seconds>",
      "start the engine again when it gives no sign of life for so long",
      whole,
      120,
    );
    command.option("--quiet", "no line of log for each request");
    command.addHelpText(
      "after",
      [
        "",
        "Without --model it serves the built-in model and the result of the newest run. The page lists",
        "everything that can be loaded, and loads and unloads models while the server runs.",
        "OpenAI's clients work with base_url http://HOST:PORT/v1. GET /docs describes the whole API.",
        "Ctrl-C, or SIGTERM, lets running answers end for some seconds, then stops.",
      ].join("\n"),
    );
    addExamples(
      command,
      "tunewright serve",
      "tunewright serve --model mine=output/my-run --port 8080",
      "tunewright serve --model base=Qwen/Qwen3-0.6B --model tuned=Qwen/Qwen3-0.6B,adapter=output/my-run",
      "TUNEWRIGHT_API_KEY=secret tunewright serve --host 0.0.0.0",
    );
    command.action(async (flags: ServeFlags) => {
      await runServer(flags);
    });
  },
};

function addModelOptions(command: Command): void {
  command.option(
    "--model <name=dir[,adapter=dir]>",
    "serve a model, with adapters on it, by this name; can be given several times",
    (text: string, before: ModelChoice[] = []) => [...before, modelChoice(text)],
  );
  command.option(
    "--runs <dir>",
    "where runs lie, and new ones are put; can be given several times (default: output)",
    (text: string, before: string[] = []) => [...before, text],
  );
  command.option(
    "--data <dir>",
    "where data files lie; can be given several times (default: data beside the runs, and the examples)",
    (text: string, before: string[] = []) => [...before, text],
  );
  command.option(
    "--results <dir>",
    "where evaluations lie, beside those below the runs; can be given several times (default: results beside the runs)",
    (text: string, before: string[] = []) => [...before, text],
  );
  command.option("--template <name>", "chat template of all models (default: their own)");
  addDeviceOptions(command);
}

function addHostOptions(command: Command): void {
  command.option(
    "--host <address>",
    "where to listen; others than this machine need an API key",
    "127.0.0.1",
  );
  command.option("--port <n>", "port; 0 takes a free one", port, 8000);
  command.option(
    "--api-key <key>",
    "key that requests must bring (or TUNEWRIGHT_API_KEY, which ps does not show)",
  );
  command.option("--no-api-key", "let other machines in without a key");
  command.option(
    "--allowed-host <name>",
    "a further name of this server, as behind a proxy; can be given several times",
    (text: string, before: string[] = []) => [...before, text],
  );
}

async function runServer(flags: ServeFlags): Promise<void> {
  const { startServer } = await import("../serve/index.js");
  const { stderr } = await import("./output.js");
  const say = (line: string) => stderr.write(`${line}\n`);
  const { signal, done } = abortOnSignals();
  const models = flags.model ?? [];
  const names = models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new ConfigError(`two models are named ${twice}`, {
      todo: "give each --model a name of its own",
    });
  }
  const apiKey = keyOf(flags);
  const runRoots = flags.runs ?? ["output"];
  const beside = (name: string) => runRoots.map((root) => join(dirname(resolve(root)), name));
  const server = await startServer({
    models,
    runRoots,
    dataRoots: flags.data ?? [...beside("data"), join(packageRoot(), "examples")],
    resultRoots: flags.results ?? beside("results"),
    host: flags.host,
    port: flags.port,
    apiKey,
    withoutKey: flags.apiKey === false,
    allowedHosts: flags.allowedHost ?? [],
    maxRequests: flags.maxRequests,
    engineTimeout: flags.engineTimeout,
    dtype: flags.dtype,
    device: flags.device,
    template: flags.template,
    quiet: flags.quiet ?? false,
    say,
  });
  const served = server.context.engine.models().map(({ name }) => name);
  const what = served.length > 0 ? served.join(", ") : "no model yet: load one on the page";
  say(`Serving ${what}`);
  say(
    `Page: ${server.address}/   API: ${server.address}/v1   ${apiKey === null ? "no API key" : "with API key"}`,
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  say("Ending: running answers get some seconds");
  await server.end();
  done();
  process.exitCode = stoppedExitCode;
}

function keyOf({ apiKey }: ServeFlags): string | null {
  if (apiKey === false) return null;
  const key = apiKey ?? process.env.TUNEWRIGHT_API_KEY ?? "";
  if (key === "" && apiKey === undefined) return null;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new ConfigError("the API key is empty, or has spaces or characters beyond ASCII", {
    why: "it is sent in a header of HTTP",
    todo: "give a key of letters, digits and signs, such as: openssl rand -hex 24",
  });
}

/** `NAME=DIR,adapter=DIR`; without a name, the last part of the place is it. */
function modelChoice(text: string): ModelChoice {
  const [first = "", ...rest] = text.split(",");
  const [, named, given] = /^([^=/]+)=(.+)$/.exec(first) ?? [];
  const isWhole = named === undefined || existsSync(first);
  const place = isWhole ? first : given!;
  const name = isWhole ? basename(first.replace(/^builtin:/, "")) : named;
  if (place === "" || !/^[\w.:@+-][\w.:@+ /-]{0,127}$/.test(name)) {
    throw new InvalidArgumentError("It must be NAME=DIR, or NAME=DIR,adapter=DIR.");
  }
  let adapters: AdapterName[] = [];
  for (const part of rest) {
    const directory = /^adapter=(.+)$/.exec(part)?.[1];
    if (directory === undefined) {
      throw new InvalidArgumentError(`"${part}" is no adapter; it must be NAME=DIR,adapter=DIR.`);
    }
    adapters = collectAdapters(directory, adapters);
  }
  return { name, place, adapters };
}

function whole(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value < 65536) return value;
  throw new InvalidArgumentError("It must be a whole number from 0 to 65535.");
}
