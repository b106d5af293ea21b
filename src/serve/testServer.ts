/** For tests: a real server with its engine on a port of its own, and the ways to ask it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, type ServeOptions, startServer } from "./serve.js";

export interface TestServer extends RunningServer {
  /** What it said, line by line. */
  lines: string[];
  /** Asks with a body of JSON. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Waits until every model is loaded or has failed. */
  loaded(): Promise<void>;
}

/** @param options what differs from a server without models, on a free port, without a key */
export async function startTestServer(options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const lines: string[] = [];
  const runs = mkdtempSync(join(tmpdir(), "tunewright-runs-"));
  const server = await startServer({
    models: [],
    runRoots: [runs],
    dataRoots: [],
    resultRoots: [],
    host: "127.0.0.1",
    port: 0,
    apiKey: null,
    withoutKey: false,
    allowedHosts: [],
    maxRequests: 16,
    engineTimeout: 60,
    dtype: undefined,
    device: undefined,
    template: "firefly-classic",
    quiet: false,
    say: (line) => void lines.push(line),
    ...options,
  });
  const { address, context } = server;
  const isSettled = () =>
    context.engine.isReady() && context.engine.models().every(({ state }) => state !== "loading");
  return {
    ...server,
    async end() {
      await server.end();
      rmSync(runs, { recursive: true, force: true });
    },
    lines,
    get: (path, headers = {}) => fetch(`${address}${path}`, { headers }),
    post: (path, body, headers = {}) =>
      fetch(`${address}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    loaded: () => until(isSettled, 30),
  };
}

/** Waits until something holds. @throws Error after so many seconds */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not hold within ${seconds} s: ${holds}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

/** The data of a stream of events, each parsed but the last, `[DONE]`. */
export function eventsOf(text: string): unknown[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("data: "))
    .map((block) => block.slice("data: ".length))
    .map((data) => (data === "[DONE]" ? data : (JSON.parse(data) as unknown)));
}
