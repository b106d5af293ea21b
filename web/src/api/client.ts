/** Requests to the server that the page came from. */
import type { ErrorBody } from "../../../src/serve/schema";

/** What the server answered instead, or that it did not. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** 0 where there was no answer. */
    readonly status: number,
    readonly code: string | null = null,
    /** Seconds after which the server wants to be asked again, where it says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

const storedKey = "tunewright.key";

export function setApiKey(key: string): void {
  sessionStorage.setItem(storedKey, key);
  dispatchEvent(new Event("apikeychange"));
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** @param path relative to the page: `api/runs` @throws ApiError */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", body, signal } = options;
  const headers = new Headers();
  const key = sessionStorage.getItem(storedKey);
  if (key) headers.set("authorization", `Bearer ${key}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  let response: Response;
  try {
    const text = body === undefined ? null : JSON.stringify(body);
    response = await fetch(path, { method, headers, body: text, signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The server does not answer.", 0);
  }
  if (response.ok) return response;
  if (response.status === 401) dispatchEvent(new Event("apikeyneeded"));
  const answer = (await response.json().catch(() => null)) as ErrorBody | null;
  const { message, code } = answer?.error ?? { message: response.statusText, code: null };
  const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
  throw new ApiError(message, response.status, code, Number.isFinite(wait) ? wait : null);
}

/** @throws ApiError */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

/** @throws ApiError */
export async function sendJson<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await request(path, { method, body });
  return (response.status === 204 ? undefined : await response.json()) as T;
}
