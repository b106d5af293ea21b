/** Requests to the hub and other servers: who asks, how long to wait, when to ask again. */
import { setTimeout as sleep } from "node:timers/promises";
import { TunewrightError } from "../util/errors.js";
import { fetchThroughProxy } from "./proxy.js";
import type { HubSettings } from "./settings.js";

/** A server answered, but not with what was asked for. */
export class AnswerError extends Error {
  /** The hub's own word for what is wrong, such as `GatedRepo`. */
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

/** No answer, or an answer that broke off. */
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
  /** Times that are tried where the network or the server fails. Default 4. */
  attempts?: number;
  /** Ends the request and the reading of its answer. */
  signal?: AbortSignal;
  /** Answers that are none of 2xx but wanted all the same. */
  accept?: readonly number[];
}

/**
 * Sends a GET request. The token goes to the hub (or its mirror) only.
 * @throws AnswerError for an answer that says no
 * @throws ConnectionError where no answer comes
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
    const error = new Error(`no answer within ${settings.answerTimeout / 1000} s`);
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
    // The answer is a page for people: its status says enough.
  }
  const line = message.replace(/\s+/g, " ").slice(0, 300);
  return new AnswerError(response.status, response.url, response.headers, line);
}

/** Whether another try can succeed: too many requests, or trouble inside the server. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A wall that swallows requests is waited for twice, not longer. */
function isTimeout({ code }: ConnectionError): boolean {
  return /TIMEDOUT|TIMEOUT/.test(code);
}

/** A name that does not exist or a certificate that is not trusted stays so. */
function canPass({ code }: ConnectionError): boolean {
  return code !== "ENOTFOUND" && !/CERT|SELF_SIGNED|ERR_TLS|ERR_INVALID_URL/.test(code);
}
