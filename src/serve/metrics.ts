/** Counters and histograms in Prometheus' text format. */
import type { Engine } from "./engine/index.js";

/** Seconds that histograms of delays count up to. */
const delayBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Histogram {
  counts: number[];
  sum: number;
  count: number;
}

/** What the HTTP process counts; the engine's own figures come with its signs of life. */
export interface Metrics {
  countRequest(route: string, method: string, status: number, milliseconds: number): void;
  countAnswer(reason: string): void;
  timeToFirstToken(seconds: number): void;
  timeBetweenTokens(seconds: number): void;
  /** The text of `/metrics`. */
  render(engine: Engine): string;
}

export function createMetrics(): Metrics {
  const requests = new Map<string, number>();
  const answers = new Map<string, number>();
  const durations = histogram();
  const first = histogram();
  const between = histogram();
  return {
    countRequest(route, method, status, milliseconds) {
      addTo(requests, `route="${label(route)}",method="${label(method)}",status="${status}"`);
      observe(durations, milliseconds / 1000);
    },
    countAnswer: (reason) => addTo(answers, `finished_reason="${label(reason)}"`),
    timeToFirstToken: (seconds) => observe(first, seconds),
    timeBetweenTokens: (seconds) => observe(between, seconds),
    render(engine) {
      const lines: string[] = [];
      lines.push(
        ...family(
          "http_requests_total",
          "counter",
          "Requests by route, method and status.",
          requests,
        ),
        ...family(
          "request_success_total",
          "counter",
          "Answers by the reason that ended them.",
          answers,
        ),
        ...histogramLines(
          "http_request_duration_seconds",
          "Seconds from a request to the end of its answer.",
          durations,
        ),
        ...histogramLines(
          "time_to_first_token_seconds",
          "Seconds from a request to its first token.",
          first,
        ),
        ...histogramLines(
          "inter_token_latency_seconds",
          "Seconds between tokens of an answer.",
          between,
        ),
        ...engineLines(engine),
      );
      return `${lines.join("\n")}\n`;
    },
  };
}

function engineLines(engine: Engine): string[] {
  const { figures } = engine;
  const rows: [name: string, kind: "counter" | "gauge", help: string, value: number][] = [
    ["engine_ready", "gauge", "Whether the engine answers.", engine.isReady() ? 1 : 0],
    [
      "engine_restarts_total",
      "counter",
      "Times that the engine was started again.",
      engine.restarts(),
    ],
    ["num_requests_running", "gauge", "Answers that are being computed.", figures().running],
    ["num_requests_waiting", "gauge", "Answers that wait for their turn.", figures().waiting],
    ["prompt_tokens_total", "counter", "Tokens of prompts.", figures().promptTokens],
    ["generation_tokens_total", "counter", "Tokens of answers.", figures().generatedTokens],
    [
      "prefix_cache_hit_tokens_total",
      "counter",
      "Tokens of prompts that were held already.",
      figures().cachedTokens,
    ],
    ["engine_steps_total", "counter", "Passes of models.", figures().steps],
    ["kv_cache_bytes", "gauge", "Bytes of keys and values.", figures().keyValueBytes],
    [
      "kv_cache_limit_bytes",
      "gauge",
      "Bytes that keys and values may take.",
      figures().keyValueLimitBytes,
    ],
    ["kv_cache_usage_perc", "gauge", "Share of that limit, 0 to 1.", shareOf(figures())],
    [
      "engine_resident_memory_bytes",
      "gauge",
      "Memory of the engine's process.",
      figures().residentBytes,
    ],
    ["engine_tensors", "gauge", "Tensors that the engine holds.", figures().liveTensors],
    [
      "process_resident_memory_bytes",
      "gauge",
      "Memory of the HTTP process.",
      process.memoryUsage.rss(),
    ],
  ];
  return rows.flatMap(([name, kind, help, value]) => [
    ...head(name, kind, help),
    `tunewright:${name} ${value}`,
  ]);
}

function shareOf({ keyValueBytes, keyValueLimitBytes }: ReturnType<Engine["figures"]>): number {
  return keyValueLimitBytes > 0 ? keyValueBytes / keyValueLimitBytes : 0;
}

function head(name: string, kind: string, help: string): string[] {
  return [`# HELP tunewright:${name} ${help}`, `# TYPE tunewright:${name} ${kind}`];
}

function family(
  name: string,
  kind: string,
  help: string,
  values: ReadonlyMap<string, number>,
): string[] {
  return [
    ...head(name, kind, help),
    ...Array.from(values, ([labels, value]) => `tunewright:${name}{${labels}} ${value}`),
  ];
}

function histogram(): Histogram {
  return { counts: delayBounds.map(() => 0), sum: 0, count: 0 };
}

function observe(into: Histogram, value: number): void {
  into.count++;
  into.sum += value;
  const bound = delayBounds.findIndex((most) => value <= most);
  if (bound >= 0) into.counts[bound]!++;
}

function histogramLines(name: string, help: string, { counts, sum, count }: Histogram): string[] {
  let below = 0;
  const buckets = delayBounds.map((most, i) => {
    below += counts[i]!;
    return `tunewright:${name}_bucket{le="${most}"} ${below}`;
  });
  return [
    ...head(name, "histogram", help),
    ...buckets,
    `tunewright:${name}_bucket{le="+Inf"} ${count}`,
    `tunewright:${name}_sum ${sum}`,
    `tunewright:${name}_count ${count}`,
  ];
}

function addTo(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function label(text: string): string {
  return text.replaceAll(/["\\\n]/g, "_");
}
