/** A server from its beginning to its end. */
import { existsSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isHubName } from "../hub/index.js";
import { ConfigError, EnvironmentError } from "../util/errors.js";
import { packageVersion } from "../util/packageRoot.js";
import { areas } from "./areas.js";
import { type Catalogue, createCatalogue } from "./catalogue/index.js";
import type { ServeContext } from "./context.js";
import { type ModelSpec, startEngine } from "./engine/index.js";
import { createApp, createHttpServer, freeName, hashOfKey, isLoopback } from "./http/index.js";
import { createMetrics } from "./metrics.js";

/** How a server is started. */
export interface ServeOptions {
  models: readonly Pick<ModelSpec, "name" | "place" | "adapters">[];
  /** Folders below which runs are looked for; the first is where new runs are put. */
  runRoots: readonly string[];
  /** Folders below which data files are looked for. */
  dataRoots: readonly string[];
  /** Folders below which evaluations are looked for, beside those of runs. */
  resultRoots: readonly string[];
  host: string;
  port: number;
  /** Null for none. */
  apiKey: string | null;
  /** Whether other hosts than this machine may ask without a key. */
  withoutKey: boolean;
  /** Further names that the server is known by. */
  allowedHosts: readonly string[];
  /** Answers that may be computed or wait at once. */
  maxRequests: number;
  /** Seconds without a sign of life of the engine after which it is started again. */
  engineTimeout: number;
  dtype: string | undefined;
  device: string | undefined;
  template: string | undefined;
  quiet: boolean;
  /** One line for the person who started it. */
  say(line: string): void;
}

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  address: string;
  context: ServeContext;
  /** Ends it: running answers get some seconds, then everything is closed. */
  end(): Promise<void>;
}

/** Seconds that running answers get when the server ends. */
const patience = 4;

/**
 * Starts a server. It listens when this resolves; models are still loading then.
 *
 * @throws ConfigError for a host that needs a key, EnvironmentError where the port is taken
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  checkHost(options);
  for (const model of options.models) checkPlaces(model);
  const { say } = options;
  const ending = new AbortController();
  const ended = new AbortController();
  const catalogue = createCatalogue(options.models, options.runRoots);
  const engine = startEngine({ timeout: options.engineTimeout, log: say });
  const loading = { dtype: options.dtype, device: options.device, template: options.template };
  const first = firstModels(options, catalogue, loading);
  const context: ServeContext = {
    version: packageVersion(),
    access: {
      host: options.host,
      keyHash: options.apiKey === null ? null : hashOfKey(options.apiKey),
      allowedHosts: new Set(options.allowedHosts.map((name) => name.toLowerCase())),
    },
    limits: { requests: options.maxRequests },
    loading,
    runRoots: options.runRoots,
    dataRoots: options.dataRoots,
    resultRoots: options.resultRoots,
    engine,
    firstModels: first.map(({ name }) => name),
    catalogue,
    metrics: createMetrics(),
    ending: ending.signal,
    ended: ended.signal,
    log: say,
    logRequest: options.quiet ? () => {} : say,
  };
  const server = createHttpServer(createApp(context, areas));
  try {
    await listen(server, options);
  } catch (error) {
    await engine.end();
    throw error;
  }
  for (const spec of first) engine.load(spec);
  const address = addressOf(server, options.host);
  return {
    address,
    context,
    async end() {
      ending.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      const end = Date.now() + patience * 1000;
      while (engine.inFlight() > 0 && Date.now() < end) await pause(50);
      // What is still open is told so by the end of the engine.
      await engine.end();
      await pause(100);
      ended.abort();
      const cut = setTimeout(() => server.closeAllConnections(), 1000);
      server.closeIdleConnections();
      await closed;
      clearTimeout(cut);
    },
  };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function checkHost({ host, apiKey, withoutKey }: ServeOptions): void {
  if (isLoopback(host) || apiKey !== null || withoutKey) return;
  throw new ConfigError(`--host ${host} lets other machines in, and there is no API key`, {
    why: "whoever reaches the port could use the models and start training",
    todo: "give an API key with --api-key or TUNEWRIGHT_API_KEY, or say --no-api-key to go without",
  });
}

/** A place that is not there is better said at once than by a model that fails. */
function checkPlaces({ name, place, adapters }: ServeOptions["models"][number]): void {
  for (const one of [place, ...adapters]) {
    const path = typeof one === "string" ? one : one.name;
    if (path.startsWith("builtin:") || existsSync(path) || isHubName(path)) continue;
    throw new ConfigError(`--model ${name}: there is no ${path}`, {
      todo: "give a model directory, a .gguf file, a run's directory, OWNER/NAME or builtin:smollm2-135m",
    });
  }
}

function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new EnvironmentError(`cannot listen on ${host}, port ${port}`, {
          why: taken ? "another program listens there" : error.message,
          todo: taken
            ? "give another --port, or 0 for a free one"
            : "give another --host or --port",
          cause: error,
        }),
      );
    });
    server.listen({ host: host.replaceAll(/[[\]]/g, ""), port }, () => resolve());
  });
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** The models of the command line, or else the built-in one and the newest run's result. */
function firstModels(
  options: ServeOptions,
  catalogue: Catalogue,
  loading: ServeContext["loading"],
): ModelSpec[] {
  const entries = catalogue.entries();
  if (options.models.length > 0) {
    return options.models.map((model, i) => ({ ...model, ...loading, source: entries[i]!.id }));
  }
  const builtin = entries.find(({ place }) => place.startsWith("builtin:"));
  const newest = entries.find(({ run, step }) => run !== null && step === null);
  const taken = new Set<string>();
  return [builtin, newest].flatMap((entry) => {
    if (!entry) return [];
    const name = freeName(entry.title, taken);
    taken.add(name);
    return [{ name, source: entry.id, place: entry.place, adapters: entry.adapters, ...loading }];
  });
}
