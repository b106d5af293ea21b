/**
 * Downloads one file: resumes an interrupted download, verifies the content, and renames it when it
 * is complete.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeAllAt } from "../util/atomicFile.js";
import { EnvironmentError } from "../util/errors.js";
import { withLock } from "../util/fileLock.js";
import { makeFolders } from "../util/makeFolders.js";
import { showBytes } from "../util/showBytes.js";
import { AnswerError, ConnectionError, request } from "./request.js";
import type { HubSettings } from "./settings.js";

export interface DownloadOptions {
  url: string;
  /** Path of the file. */
  target: string;
  /** Size of the file in bytes, if known. */
  size?: number | undefined;
  /** SHA-256, or SHA-1 of a git object, in hexadecimal; distinguished by length. */
  hash?: string | undefined;
  /** ETag of the version that a partial file must belong to. */
  etag?: string | undefined;
  /** Called with the number of bytes downloaded so far. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Consecutive attempts without any progress. */
const fruitlessTries = 5;

/**
 * Does nothing if the file exists. If the process is killed, the part (`.incomplete`) remains and the
 * next call resumes it.
 * @throws AnswerError, ConnectionError if the server does not send it
 * @throws EnvironmentError if the disk is full, or the content differs from what was listed
 */
export async function download(options: DownloadOptions, settings: HubSettings): Promise<void> {
  const { target } = options;
  if (existsSync(target)) return;
  makeFolders(dirname(target));
  const lock = `${target}.lock`;
  await withLock(lock, async () => {
    if (!existsSync(target)) await fetchWhole(options, settings);
    // Whoever gets the lock from now on finds the file there, so it does not matter which lock.
    await rm(lock, { force: true });
  });
}

async function fetchWhole(options: DownloadOptions, settings: HubSettings): Promise<void> {
  const part = `${options.target}.incomplete`;
  const resumed = (await sizeOf(part)) > 0;
  const same = await receive(options, part, settings);
  if (!same) {
    await rm(part, { force: true });
    // The part left by an earlier attempt may be damaged, so this is not the server's fault yet.
    if (!resumed || !(await receive(options, part, settings))) {
      await rm(part, { force: true });
      throw new EnvironmentError(
        `${options.url}: the downloaded file differs from the one listed`,
        {
          why: "its hash is different",
          todo: "try again; if it happens again, a mirror or proxy in between modifies files",
        },
      );
    }
  }
  await rename(part, options.target);
}

/** Completes `part`; returns whether its hash is right. */
async function receive(
  options: DownloadOptions,
  part: string,
  settings: HubSettings,
): Promise<boolean> {
  const { size, hash: expected } = options;
  let have = await sizeOf(part);
  if (size !== undefined && have > size) have = 0;
  if (size !== undefined) await checkRoom(dirname(part), size - have);
  const file = await open(part, have > 0 ? "r+" : "w");
  try {
    let hash = await startHash(options, part, have);
    let fruitless = 0;
    while (size === undefined || have < size) {
      const before = have;
      try {
        const answer = await ask(options, have, settings);
        if (answer.status === 416) break;
        if (answer.status !== 206 && have > 0) {
          have = 0;
          await file.truncate(0);
          hash = await startHash(options, part, 0);
        }
        for await (const chunk of chunksOf(answer, settings)) {
          await writeAllAt(file, chunk, have);
          hash?.update(chunk);
          have += chunk.length;
          options.onBytes?.(have);
        }
        if (size === undefined || have >= size) break;
        throw new ConnectionError(options.url, new Error(`the response ended after ${have} bytes`));
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        fruitless = have > before ? 0 : fruitless + 1;
        if (fruitless >= fruitlessTries) throw error;
        await sleep(settings.retryDelay * 2 ** fruitless);
      }
    }
    await file.truncate(have);
    await file.sync();
    if (size !== undefined && have !== size) return false;
    return expected === undefined || hash?.digest("hex") === expected;
  } finally {
    await file.close();
  }
}

async function ask(
  { url, etag }: DownloadOptions,
  from: number,
  settings: HubSettings,
): Promise<{ status: number; body: Response["body"]; url: string; stop(): void }> {
  const controller = new AbortController();
  const range: Record<string, string> = from > 0 ? { Range: `bytes=${from}-` } : {};
  if (from > 0 && etag) range["If-Range"] = etag;
  const response = await request(url, settings, {
    headers: { "Accept-Encoding": "identity", ...range },
    signal: controller.signal,
    accept: [416],
  });
  const begins = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (response.status === 206 && Number(begins) !== from) {
    controller.abort();
    throw new AnswerError(
      response.status,
      url,
      response.headers,
      "sends the wrong part of the file",
    );
  }
  if (response.status === 416) controller.abort();
  return { status: response.status, body: response.body, url, stop: () => controller.abort() };
}

/** The bytes of the response; gives up if none arrive for too long. */
async function* chunksOf(
  { body, url, stop }: Awaited<ReturnType<typeof ask>>,
  { stallTimeout }: HubSettings,
): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const read = reader.read();
      read.catch(() => {});
      let timer: NodeJS.Timeout | undefined;
      const stalled = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const error = new Error(`no data for ${stallTimeout / 1000} s`);
          reject(Object.assign(error, { code: "ETIMEDOUT" }));
        }, stallTimeout);
      });
      let result: Awaited<typeof read>;
      try {
        result = await Promise.race([read, stalled]);
      } catch (error) {
        throw new ConnectionError(url, error);
      } finally {
        clearTimeout(timer);
      }
      if (result.done) return;
      yield result.value;
    }
  } finally {
    stop();
  }
}

async function startHash(
  { size, hash }: DownloadOptions,
  part: string,
  have: number,
): Promise<Hash | undefined> {
  if (hash === undefined) return undefined;
  const made = createHash(hash.length === 64 ? "sha256" : "sha1");
  if (hash.length === 40) made.update(`blob ${size}\0`);
  if (have > 0) {
    for await (const chunk of createReadStream(part, { end: have - 1 })) made.update(chunk);
  }
  return made;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new EnvironmentError(`not enough space in ${folder} for ${showBytes(bytes)}`, {
    why: `${showBytes(bavail * bsize)} are free`,
    todo: "free some space, or set HF_HOME to a folder on another disk",
  });
}
