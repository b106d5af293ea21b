/** A server that speaks what is used of MLflow's REST API, and fails when it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface StoredMetric {
  key: string;
  value: number | string;
  step: number;
  timestamp: number;
}

export interface StoredRun {
  name: string;
  status: string;
  /** Milliseconds since 1970; 0 while it goes on. */
  endTime: number;
  params: Map<string, string>;
  tags: Map<string, string>;
  metrics: StoredMetric[];
}

/** What becomes of requests: answered, left without an answer, refused, or cut off. */
export type Weather = "fine" | "hangs" | "lost" | "unauthorized" | "broken" | "answers late";

export interface MlflowServer {
  address: string;
  runs: StoredRun[];
  /** Headers of each request. */
  headers: IncomingMessage["headers"][];
  weather: Weather;
  close(): Promise<void>;
}

interface Body {
  name?: string;
  run_name?: string;
  run_id?: string;
  status?: string;
  end_time?: number;
  metrics?: StoredMetric[];
  params?: { key: string; value: string }[];
  tags?: { key: string; value: string }[];
}

export async function startMlflow(): Promise<MlflowServer> {
  const experiments = new Map<string, string>();
  const state: Pick<MlflowServer, "runs" | "headers" | "weather"> = {
    runs: [],
    headers: [],
    weather: "fine",
  };
  const server = createServer((request, response) => {
    const { weather } = state;
    state.headers.push(request.headers);
    if (weather === "hangs") return;
    if (weather === "lost") return void request.socket.destroy();
    if (weather === "broken") return answer(response, 503, { message: "out of order" });
    if (weather === "unauthorized") return answer(response, 401, { message: "who are you" });
    readBody(request).then((body) => {
      const [status, data] = respond(request, body);
      // The values are stored, and the client never hears of it.
      if (weather === "answers late") request.socket.destroy();
      else answer(response, status, data);
    });
  });
  const respond = (request: IncomingMessage, body: Body): [number, object] => {
    const { pathname, searchParams } = new URL(request.url!, "http://host");
    const method = pathname.replace("/api/2.0/mlflow/", "");
    const run = state.runs[Number(body.run_id ?? searchParams.get("run_id"))];
    switch (method) {
      case "experiments/get-by-name": {
        const id = experiments.get(searchParams.get("experiment_name")!);
        const missing = { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no such experiment" };
        return id === undefined ? [404, missing] : [200, { experiment: { experiment_id: id } }];
      }
      case "experiments/create":
        experiments.set(body.name!, String(experiments.size));
        return [200, { experiment_id: experiments.get(body.name!) }];
      case "runs/create":
        state.runs.push({
          name: body.run_name!,
          status: "RUNNING",
          endTime: 0,
          params: new Map(),
          tags: new Map(body.tags?.map(({ key, value }) => [key, value])),
          metrics: [],
        });
        return [
          200,
          { run: { info: { run_id: String(state.runs.length - 1), experiment_id: "0" } } },
        ];
      case "runs/get":
        return [200, { run: describeRun(body.run_id ?? searchParams.get("run_id")!, run!) }];
      case "runs/update":
        run!.status = body.status!;
        run!.endTime = body.end_time ?? 0;
        return [200, {}];
      case "runs/log-batch":
        if ((body.params?.length ?? 0) > 100 || (body.metrics?.length ?? 0) > 1000) {
          return [400, { error_code: "INVALID_PARAMETER_VALUE", message: "too many" }];
        }
        for (const { key, value } of body.params ?? []) run!.params.set(key, value);
        run!.metrics.push(...(body.metrics ?? []));
        return [200, {}];
      default:
        return [404, { error_code: "ENDPOINT_NOT_FOUND", message: method }];
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** The last value of each metric, as MLflow gives it. */
function describeRun(id: string, { metrics, params }: StoredRun): object {
  const latest = new Map<string, StoredMetric>();
  for (const metric of metrics) {
    if ((latest.get(metric.key)?.step ?? -1) <= metric.step) latest.set(metric.key, metric);
  }
  return {
    info: { run_id: id, experiment_id: "0" },
    data: {
      metrics: [...latest.values()],
      params: [...params].map(([key, value]) => ({ key, value })),
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Body> {
  let text = "";
  for await (const part of request) text += String(part);
  return text === "" ? {} : (JSON.parse(text) as Body);
}

function answer(response: ServerResponse, status: number, data: object): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(data));
}
