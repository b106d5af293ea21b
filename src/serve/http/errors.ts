/** Errors as OpenAI's API gives them: `{ error: { message, type, param, code } }` with a status. */
import type { TunewrightError } from "../../util/errors.js";
import type { ErrorBody } from "../schema.js";
import { withoutPaths } from "../withoutPaths.js";

/** Statuses that answers of this server may have beside 200. */
export type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 413
  | 415
  | 429
  | 500
  | 501
  | 503;

/** What an {@link HttpError} says beside its message. */
export interface HttpErrorDetail {
  type?: string;
  /** The field of the request that is wrong, such as `messages[2].role`. */
  param?: string | null | undefined;
  code?: string | null;
  headers?: Readonly<Record<string, string>>;
}

/** A request that is not answered as asked. Its message is shown to the client: no path, no stack. */
export class HttpError extends Error {
  readonly status: ErrorStatus;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ErrorStatus, message: string, detail: HttpErrorDetail = {}) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.type = detail.type ?? typeOf(status);
    this.param = detail.param ?? null;
    this.code = detail.code ?? null;
    this.headers = detail.headers ?? {};
  }
}

function typeOf(status: ErrorStatus): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  if (status === 501) return "not_supported_error";
  if (status === 503) return "service_unavailable_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

/** A request with a wrong or unsupported value. @param param the field */
export function badRequest(message: string, param?: string | null, code?: string): HttpError {
  return new HttpError(400, message, { param, code: code ?? null });
}

/** Something that is not there. */
export function notFound(message: string, code: string, param?: string): HttpError {
  return new HttpError(404, message, { code, param });
}

/** What cannot be answered now. @param seconds after which it may be tried again */
export function unavailable(message: string, code: string, seconds: number): HttpError {
  return new HttpError(503, message, { code, headers: { "retry-after": String(seconds) } });
}

/** What, why and what to do of one of our errors as one line for a client. */
export function lineOf({
  message,
  why,
  todo,
}: Pick<TunewrightError, "message" | "why" | "todo">): string {
  const parts = [
    why === undefined ? message : `${message}: ${why}`,
    ...(todo === undefined ? [] : [todo]),
  ];
  return withoutPaths(parts.join("; "));
}

/** The body of an error. */
export function errorBody({ message, type, param, code }: HttpError): ErrorBody {
  return { error: { message, type, param, code } };
}
