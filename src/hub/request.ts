/** Requests to the hub and other servers, with authentication, timeouts and retries. */
import { setTimeout as sleep } from "node:timers/promises";
import { TunewrightError } from "../util/errors.js";
import { fetchThroughProxy } from "./proxy.js";
import type { HubSettings } from "./settings.js";

/** The server responded with an error status. */
export class AnswerError extends Error {
  /** The hub's error code, for example `GatedRepo`. */
  readonly reason: string;

  constructor(
    readonly status: number,
    readonly url: string,
    headers: Headers,
    text: string,
  ) {
    super(headers.get("x-error-message") ?? text);
    this.reason = headers.get("x-error-code") ?? "";
  }
}

/** No response, or an incomplete one. */
export class ConnectionError extends Error {
  readonly code: string;

  constructor(
    readonly url: string,
    cause: unknown,
  ) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    super(inner instanceof Error ? inner.message || inner.name : String(inner), { cause });
    this.code = String((inner as { code?: unknown } | undefined)?.code ?? "");
  }
}

export interface RequestOptions {
  headers?: Readonly<Record<string, string>>;
  /** Number of attempts if the network or the server fails. Default 4. */
  attempts?: number;
  /** Aborts the request and the reading of its response. */
  signal?: AbortSignal;
  /** Statuses other than 2xx to accept. */
  accept?: readonly number[];
}

/**
 * Sends a GET request. The token goes to the hub (or its mirror) only.
 * @throws AnswerError for an error status
 * @throws ConnectionError if no response arrives
 */
export async function request(
  url: string,
  settings: HubSettings,
  options: RequestOptions = {},
): Promise<Response> {
  const { attempts = 4, accept = [] } = options;
  for (let attempt = 1; ; attempt++) {
    let failure: AnswerError | ConnectionError;
    try {
      const response = await requestOnce(url, settings, options);
      if (response.ok || accept.includes(response.status)) return response;
      failure = await answerError(response);
      if (!isPassing(failure.status)) throw failure;
    } catch (error) {
      if (error instanceof AnswerError || error instanceof TunewrightError) throw error;
      if (options.signal?.aborted) throw error;
      failure = new ConnectionError(url, error);
      if (!canPass(failure) || (attempt > 1 && isTimeout(failure))) throw failure;
    }
    if (attempt >= attempts) throw failure;
    await sleep(settings.retryDelay * 2 ** (attempt - 1));
  }
}

async function requestOnce(
  url: string,
  settings: HubSettings,
  { headers, signal }: RequestOptions,
): Promise<Response> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const error = new Error(`no response within ${settings.answerTimeout / 1000} s`);
    controller.abort(Object.assign(error, { code: "ETIMEDOUT" }));
  }, settings.answerTimeout);
  const own = new URL(url).origin === new URL(settings.endpoint).origin;
  try {
    return await fetchThroughProxy(url, {
      headers: {
        "User-Agent": "tunewright",
        ...headers,
        ...(own && settings.token ? { Authorization: `Bearer ${settings.token}` } : {}),
      },
      signal: signal ? AbortSignal.any([controller.signal, signal]) : controller.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function answerError(response: Response): Promise<AnswerError> {
  const text = (await response.text().catch(() => "")).slice(0, 2000);
  let message = response.statusText;
  try {
    const { error } = Object(JSON.parse(text)) as { error?: unknown };
    if (typeof error === "string") message = error;
  } catch {
    // The response is an HTML page: its status is enough.
  }
  const line = message.replace(/\s+/g, " ").slice(0, 300);
  return new AnswerError(response.status, response.url, response.headers, line);
}

/** Whether another attempt may succeed: too many requests, or an error in the server. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** If requests time out (for example because of a firewall), only two attempts are made. */
function isTimeout({ code }: ConnectionError): boolean {
  return /TIMEDOUT|TIMEOUT/.test(code);
}

/** Retrying does not help if a host does not exist or a certificate is not trusted. */
function canPass({ code }: ConnectionError): boolean {
  return code !== "ENOTFOUND" && !/CERT|SELF_SIGNED|ERR_TLS|ERR_INVALID_URL/.test(code);
}
