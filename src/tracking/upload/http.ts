/** Requests to a tracking server: JSON out, JSON in, never longer than a limit. */
import { fetchThroughProxy } from "../../hub/index.js";
import { withWhy } from "../../util/errors.js";

/** A request that failed. */
export class ServerError extends Error {
  override readonly name = "ServerError";

  constructor(
    message: string,
    /** HTTP status; 0 where there was no answer. */
    readonly status: number,
    /** The server's own code of the error, such as `RESOURCE_DOES_NOT_EXIST`. */
    readonly code = "",
    /** Seconds that the server asks to wait, from `Retry-After`. */
    readonly wait = 0,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later. */
  get passes(): boolean {
    return this.status === 0 || [408, 425, 429].includes(this.status) || this.status >= 500;
  }
}

/** Milliseconds that a server has for an answer. */
const answerTimeout = 20_000;

export interface JsonRequest {
  method: "GET" | "POST" | "PUT" | "PATCH";
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** A text or bytes are sent as they are, anything else as JSON. */
  body?: unknown;
}

export interface JsonAnswer {
  status: number;
  /** The parsed body; a text where it is no JSON. */
  data: unknown;
}

/** Sends requests, each with a time limit, until `signal` ends all of them. */
export type SendJson = (request: JsonRequest) => Promise<JsonAnswer>;

/**
 * @param signal aborts what is on its way
 * @throws {@link ServerError} from what it returns: no answer in time, or a status of 400 or more
 */
export function jsonSender(signal: AbortSignal, timeout = answerTimeout): SendJson {
  return async ({ method, url, headers = {}, body }) => {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const limit = AbortSignal.timeout(timeout);
    let response: Response;
    let text: string;
    try {
      response = await fetchThroughProxy(url, {
        method,
        headers: {
          "User-Agent": "tunewright",
          ...(body === undefined || isRaw ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
        signal: AbortSignal.any([signal, limit]),
      });
      text = await response.text();
    } catch (error) {
      const slow = `no answer within ${timeout / 1000} s`;
      const why = limit.aborted ? slow : signal.aborted ? "no answer in time" : innermost(error);
      throw new ServerError(withWhy(`${new URL(url).host} cannot be reached`, why), 0);
    }
    const data = parsed(text);
    if (response.status < 400) return { status: response.status, data };
    throw answerError(response, data, new URL(url));
  };
}

function answerError(response: Response, data: unknown, url: URL): ServerError {
  const { message, error_code, code } = Object(data) as Record<string, unknown>;
  const said = typeof message === "string" ? message : response.statusText;
  const line = `${url.host} answers ${response.status}: ${oneLine(said)} (${url.pathname})`;
  const own = error_code ?? code;
  return new ServerError(
    line,
    response.status,
    typeof own === "string" ? own : "",
    Number(response.headers.get("retry-after")) || 0,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 300);
}

/** `fetch` says "fetch failed"; what failed is its cause. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return innermost(error.cause);
  const { code } = error as { code?: unknown };
  return oneLine(error.message || String(code ?? error.name));
}
