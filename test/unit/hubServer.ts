/**
 * A server that speaks the hub's paths, for tests: repositories with commits and branches, files in
 * git and in git-lfs (behind a redirect), gated and private ones, parts of files, and faults on order.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestRepository {
  type: "model" | "dataset";
  name: string;
  /** Contents by path, of the only commit. */
  files: Record<string, string | Buffer>;
  access?: "open" | "private" | "gated";
}

export interface HubServer {
  readonly address: string;
  /** `METHOD path` of every request so far, with its `Range` where it has one. */
  readonly requests: string[];
  /** Requests that carried a token. */
  readonly tokens: string[];
  add(repository: TestRepository): string;
  /** The next answer with a file's content breaks off after so many bytes. */
  breakAfter(bytes: number): void;
  /** The next requests are answered with this status. */
  failNext(status: number, times?: number): void;
  /** Content comes no faster than this; at 0 an answer begins and never goes on. */
  slow(bytesPerSecond: number): void;
  close(): Promise<void>;
}

interface Stored {
  repository: TestRepository;
  commit: string;
}

export const largeFile = 1000;
/** Files that are listed in one answer. */
export const pageFiles = 50;
export const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");
export const gitHash = (content: Buffer) =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

export async function startHub(): Promise<HubServer> {
  const stored = new Map<string, Stored>();
  const contents = new Map<string, Buffer>();
  const requests: string[] = [];
  const tokens: string[] = [];
  let breakAt: number | undefined;
  let speed = Number.POSITIVE_INFINITY;
  const failures: number[] = [];

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://hub");
    const { range, authorization } = request.headers;
    requests.push(`${request.method} ${url.pathname}${range ? ` ${range}` : ""}`);
    if (authorization) tokens.push(`${url.pathname} ${authorization}`);
    const failure = failures.shift();
    if (failure !== undefined) return refuse(response, failure, "", "made to fail");
    answer(url, request, response).catch((error: unknown) => {
      refuse(response, 500, "", String(error));
    });
  });

  async function answer(url: URL, request: IncomingMessage, response: ServerResponse) {
    const path = decodeURIComponent(url.pathname);
    const lfs = /^\/lfs\/(\w+)$/.exec(path)?.[1];
    if (lfs) return send(contents.get(lfs)!, lfs, request, response);
    const api = /^\/api\/(model|dataset)s\/([^/]+\/[^/]+)\/(revision|tree)\/(.+)$/.exec(path);
    const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const type = api ? api[1] : file?.[1] ? "dataset" : "model";
    const found = stored.get(`${type} ${api?.[2] ?? file?.[2]}`);
    if (!found) return refuse(response, 401, "RepoNotFound", "Repository not found");
    const { repository, commit } = found;
    const { access = "open" } = repository;
    if (access !== "open" && request.headers.authorization !== "Bearer hf_right") {
      if (access === "private")
        return refuse(response, 401, "RepoNotFound", "Repository not found");
      if (!api)
        return refuse(response, 401, "GatedRepo", `Access to ${repository.name} is restricted`);
    }
    const revision = api ? api[4]! : file![3]!;
    if (revision !== "main" && revision !== commit) {
      return refuse(response, 404, "RevisionNotFound", `Invalid rev id: ${revision}`);
    }
    if (api?.[3] === "revision") {
      return json(response, { _id: "1", id: repository.name, sha: commit, siblings: [] });
    }
    if (api) {
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const files = listing(repository);
      if (from + pageFiles < files.length) {
        const next = `${address}${url.pathname}?recursive=true&cursor=${from + pageFiles}`;
        response.setHeader("Link", `<${next}>; rel="next"`);
      }
      return json(response, files.slice(from, from + pageFiles));
    }
    const content = repository.files[file![4]!];
    if (content === undefined) return refuse(response, 404, "EntryNotFound", "Entry not found");
    const bytes = Buffer.from(content);
    response.setHeader("X-Repo-Commit", commit);
    if (bytes.length < largeFile) return send(bytes, gitHash(bytes), request, response);
    response.setHeader("X-Linked-Etag", `"${sha256(bytes)}"`);
    response.setHeader("X-Linked-Size", bytes.length);
    response.writeHead(302, { Location: `${elsewhere}/lfs/${sha256(bytes)}` }).end();
  }

  async function send(
    bytes: Buffer,
    etag: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    const [, from] = /^bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = /-(\d+)$/.exec(request.headers.range ?? "")?.[1];
    const part = bytes.subarray(start, end === undefined ? bytes.length : Number(end) + 1);
    response.setHeader("ETag", `"${etag}"`);
    response.setHeader("Accept-Ranges", "bytes");
    response.setHeader("Content-Length", part.length);
    if (from !== undefined) {
      const last = start + part.length - 1;
      response.setHeader("Content-Range", `bytes ${start}-${last}/${bytes.length}`);
    }
    response.writeHead(from === undefined ? 200 : 206);
    if (request.method === "HEAD") return response.end();
    response.flushHeaders();
    if (speed === 0) return;
    const limit = breakAt;
    breakAt = undefined;
    for (let at = 0; at < part.length; at += 16_384) {
      const piece = part.subarray(at, Math.min(at + 16_384, limit ?? part.length));
      await new Promise((resolve) => response.write(piece, resolve));
      if (limit !== undefined && at + 16_384 >= limit) return response.destroy();
      if (speed < 1e12) await new Promise((go) => setTimeout(go, (1000 * piece.length) / speed));
      if (response.destroyed) return;
    }
    response.end();
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const elsewhere = address.replace("127.0.0.1", "localhost");
  return {
    address,
    requests,
    tokens,
    add(repository) {
      const state = JSON.stringify(repository.files);
      const commit = createHash("sha1").update(state).digest("hex");
      stored.set(`${repository.type} ${repository.name}`, { repository, commit });
      for (const content of Object.values(repository.files)) {
        const bytes = Buffer.from(content);
        contents.set(sha256(bytes), bytes);
      }
      return commit;
    },
    breakAfter: (bytes) => {
      breakAt = bytes;
    },
    failNext: (status, times = 1) => failures.push(...Array<number>(times).fill(status)),
    slow: (bytesPerSecond) => {
      speed = bytesPerSecond;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listing({ files }: TestRepository): object[] {
  return Object.entries(files).map(([path, content]) => {
    const bytes = Buffer.from(content);
    const entry = { type: "file", path, size: bytes.length, oid: gitHash(bytes) };
    if (bytes.length < largeFile) return entry;
    return { ...entry, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } };
  });
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    ...(code === "" ? {} : { "X-Error-Code": code }),
    "X-Error-Message": message,
  });
  response.end(JSON.stringify({ error: message }));
}
