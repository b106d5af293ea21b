/** Bodies of requests: read up to a limit, as JSON in UTF-8, and checked by a schema. */
import type { z } from "@hono/zod-openapi";
import { badRequest, HttpError } from "./errors.js";
import type { ServeCall } from "./types.js";

/** Most bytes of a body. */
export const mostBodyBytes = 8 * 2 ** 20;

/**
 * The body of a request, checked.
 *
 * @throws HttpError 400 naming the field that is wrong; 413, 415
 */
export async function readJson<Schema extends z.ZodType>(
  c: ServeCall,
  schema: Schema,
): Promise<z.output<Schema>> {
  return parseWith(schema, await readValue(c));
}

/** The value in the body of a request, not checked. */
export async function readValue(c: ServeCall): Promise<unknown> {
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json") {
    throw new HttpError(415, "The body must be JSON: Content-Type: application/json", {
      code: "unsupported_media_type",
    });
  }
  const encoding = c.req.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(415, "Compressed bodies are not read: send it as it is", {
      code: "unsupported_content_encoding",
    });
  }
  const text = decode(await readBytes(c));
  if (depthOf(text) > mostDepth)
    throw badRequest("The body is nested too deep", null, "invalid_json");
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest("The body is not valid JSON", null, "invalid_json");
  }
}

async function readBytes(c: ServeCall): Promise<Buffer> {
  const tooLarge = new HttpError(413, `A body may have at most ${mostBodyBytes / 2 ** 20} MiB`, {
    code: "body_too_large",
    headers: { connection: "close" },
  });
  if (Number(c.req.header("content-length") ?? 0) > mostBodyBytes) throw tooLarge;
  const reader = c.req.raw.body?.getReader();
  if (!reader) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw badRequest("The body ended too early", null, "incomplete_body");
    });
    if (done) return Buffer.concat(chunks);
    bytes += value.length;
    if (bytes > mostBodyBytes) throw tooLarge;
    chunks.push(value);
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badRequest("The body is not valid UTF-8", null, "invalid_utf8");
  }
}

/** Lists and objects within each other. */
const mostDepth = 128;

/** How deep the brackets of a JSON text are nested, those within strings left out. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return deepest;
}

/** Checks a value. @throws HttpError 400 naming the first field that is wrong */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value, { reportInput: false });
  if (parsed.success) return parsed.data;
  const { message, path } = firstProblem(parsed.error.issues);
  const param = path.length > 0 ? showPath(path) : null;
  throw badRequest(param === null ? message : `${param}: ${message}`, param);
}

interface Problem {
  message: string;
  path: PropertyKey[];
}

/** Of a value that fits no form of a union, the problem in the form that it comes nearest to. */
function firstProblem(issues: readonly z.core.$ZodIssue[]): Problem {
  const [issue] = issues;
  if (!issue) return { message: "The request is not valid", path: [] };
  if (issue.code === "invalid_type" && /received undefined$/.test(issue.message)) {
    return { message: "is required", path: issue.path };
  }
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const problems = issue.errors.map((form) => firstProblem(form));
  const nearest = problems.reduce((best, one) => (one.path.length > best.path.length ? one : best));
  const isInside = nearest.path.length > 0;
  const isNamed = issue.message !== "Invalid input";
  const own = isNamed ? issue.message : problems.map((one) => one.message).join(", or ");
  const message = isInside ? nearest.message : own;
  return { message, path: [...issue.path, ...nearest.path] };
}

/** `messages[2].content`, cut where a client made it long. */
function showPath(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (shown, part) =>
      typeof part === "number"
        ? `${shown}[${part}]`
        : shown === ""
          ? String(part)
          : `${shown}.${String(part)}`,
    "",
  );
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
