/** Files at plain URLs, cached by URL and version. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError, EnvironmentError } from "../util/errors.js";
import { writeWhole } from "./cache.js";
import { download } from "./download.js";
import { explainError } from "./explain.js";
import { stderrReport } from "./report.js";
import type { HubOptions } from "./repository.js";
import { AnswerError, ConnectionError, request } from "./request.js";
import { type HubSettings, hubSettings } from "./settings.js";

/** What the server last reported about the file. */
interface Version {
  url: string;
  /** ETag or, without one, Last-Modified; undefined if the server sends neither. */
  tag: string | undefined;
  size: number | undefined;
  /** Path inside the folder of the URL. */
  file: string;
}

/**
 * Downloads the file unless the cache has the server's current version.
 * @returns its path, which ends in the file name of the URL
 * @throws DataError if there is no such file
 * @throws EnvironmentError if the network, permissions or the disk prevent it
 */
export async function fetchUrl(url: string, options: HubOptions = {}): Promise<string> {
  const settings = options.settings ?? hubSettings(options.cacheDirectory);
  const report = options.report ?? stderrReport();
  const folder = join(settings.urlCache, shortHash(url));
  const known = readVersion(folder);
  const cached =
    known && existsSync(join(folder, known.file)) ? join(folder, known.file) : undefined;
  const shown = showUrl(url);
  if (settings.offline) {
    if (cached !== undefined) return cached;
    throw offlineError(shown);
  }
  try {
    const version = await askVersion(url, settings, cached !== undefined);
    const target = join(folder, version.file);
    if (version.tag !== undefined && existsSync(target)) return target;
    if (version.tag === undefined) {
      // There is no way to tell whether the cached file, or a part of it, is still current.
      for (const path of [target, `${target}.incomplete`]) await rm(path, { force: true });
    }
    report.say(`downloading ${shown}`);
    const { size, tag } = version;
    const etag = tag?.startsWith("W/") ? undefined : tag;
    if (etag === undefined) await rm(`${target}.incomplete`, { force: true });
    const onBytes = (bytes: number) => report.progress(basename(target), bytes, size);
    await download({ url, target, size, etag, onBytes }, settings);
    await writeWhole(join(folder, "version.json"), JSON.stringify(version));
    return target;
  } catch (error) {
    if (cached !== undefined && error instanceof ConnectionError) {
      report.say(`${shown} cannot be reached (${error.message}); using the cached file`);
      return cached;
    }
    throw explainUrlError(error, shown, settings);
  } finally {
    report.end();
  }
}

/**
 * The response of a server as a stream; nothing is cached.
 * @throws DataError if there is no such file
 * @throws EnvironmentError if the network or permissions prevent it
 */
export async function openUrl(url: string): Promise<Response> {
  const settings = hubSettings();
  if (settings.offline) throw offlineError(showUrl(url));
  try {
    return await request(url, settings);
  } catch (error) {
    throw explainUrlError(error, showUrl(url), settings);
  }
}

function offlineError(shown: string): EnvironmentError {
  return new EnvironmentError(`${shown} is not in the cache`, {
    why: "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set",
    todo: "unset it, or copy the file here and give its path",
  });
}

async function askVersion(url: string, settings: HubSettings, known: boolean): Promise<Version> {
  const controller = new AbortController();
  const { headers, status } = await request(url, settings, {
    headers: { "Accept-Encoding": "identity", Range: "bytes=0-0" },
    attempts: known ? 1 : 4,
    signal: controller.signal,
    accept: [416],
  });
  controller.abort();
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const length =
    status === 200 && !headers.has("content-encoding") && headers.get("content-length");
  const tag = headers.get("etag") ?? headers.get("last-modified") ?? undefined;
  const size = total ?? (length || undefined);
  return {
    url,
    tag,
    size: size === undefined ? undefined : Number(size),
    file: join(shortHash(tag ?? ""), fileName(url)),
  };
}

function explainUrlError(error: unknown, shown: string, settings: HubSettings): unknown {
  if (!(error instanceof AnswerError)) {
    return explainError(error, `${shown} cannot be downloaded`, settings);
  }
  const { status, message: why } = error;
  if (status === 404 || status === 410) {
    return new DataError(`${shown}: no such file on the server`, {
      why: `${status} ${why}`,
      todo: "check the URL",
      cause: error,
    });
  }
  return new EnvironmentError(`${shown} cannot be downloaded`, {
    why: `the server responded with ${status} ${why}`,
    todo:
      status === 401 || status === 403
        ? "download it with a program that has access, and give the path of the file"
        : "try again later, or copy the file here and give its path",
    cause: error,
  });
}

function readVersion(folder: string): Version | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "version.json"), "utf8")) as Version;
  } catch {
    return undefined;
  }
}

/** A safe file name with the extension of the URL. */
function fileName(url: string): string {
  const last = new URL(url).pathname.split("/").pop() ?? "";
  const name = last
    .replace(/%[0-9a-f]{2}|[^\w.-]/gi, "_")
    .replace(/^\.+/, "")
    .slice(-100);
  return name === "" ? "file" : name;
}

/** The URL without password and query, which may contain secrets. */
function showUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
