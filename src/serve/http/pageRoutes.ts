/** The page: files of the build, by a table that is made once. No path of a request reaches the disk. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { packageRoot } from "../../util/packageRoot.js";
import { addRoute } from "./routes.js";
import type { Area, ServeCall } from "./types.js";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

interface PageFile {
  type: string;
  etag: string;
  /** Its name changes with its content. */
  isHashed: boolean;
  bytes: Buffer;
  gzip?: Promise<Buffer>;
  brotli?: Promise<Buffer>;
}

/** @param folder of the build */
export function pageRoutes(folder = join(packageRoot(), "dist", "web")): Area {
  return (app) => {
    const files = readFiles(folder);
    for (const [path, file] of files) {
      addRoute(app, { method: "get", path, hide: true, responses: {} }, (c) => sendFile(c, file));
    }
  };
}

/** Files by the path that they are served at; the index is at `/`. */
function readFiles(folder: string): Map<string, PageFile> {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return new Map();
  }
  const known = names.filter((name) => types[extname(name)] !== undefined);
  return new Map(
    known.map((name) => {
      const bytes = readFileSync(join(folder, name));
      const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
      const file = {
        bytes,
        etag,
        type: types[extname(name)]!,
        isHashed: name.startsWith("assets/"),
      };
      return [name === "index.html" ? "/" : `/${name}`, file] as const;
    }),
  );
}

async function sendFile(c: ServeCall, file: PageFile): Promise<Response> {
  const headers: Record<string, string> = {
    etag: file.etag,
    vary: "accept-encoding",
    "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (c.req.header("if-none-match") === file.etag) return c.body(null, 304, headers);
  headers["content-type"] = file.type;
  const accepted = c.req.header("accept-encoding") ?? "";
  const isText = /text|javascript|json|svg/.test(file.type) && file.bytes.length > 1000;
  const encoding = !isText
    ? ""
    : /\bbr\b/.test(accepted)
      ? "br"
      : /\bgzip\b/.test(accepted)
        ? "gzip"
        : "";
  if (encoding !== "") headers["content-encoding"] = encoding;
  const bytes = encoding === "" ? file.bytes : await compressed(file, encoding);
  return c.body(new Uint8Array(bytes), 200, headers);
}

/** Compressed once, when it is first asked for. */
function compressed(file: PageFile, encoding: "br" | "gzip"): Promise<Buffer> {
  if (encoding === "gzip") {
    file.gzip ??= promisify(gzip)(file.bytes, { level: 9 });
    return file.gzip;
  }
  file.brotli ??= promisify(brotliCompress)(file.bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
  });
  return file.brotli;
}
