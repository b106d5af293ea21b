/**
 * Brings one file to its place: resumes where an earlier try ended, checks what came, and gives it
 * its name when it is whole.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EnvironmentError } from "../util/errors.js";
import { withLock } from "./lock.js";
import { showBytes } from "./report.js";
import { AnswerError, ConnectionError, request } from "./request.js";
import type { HubSettings } from "./settings.js";

export interface DownloadOptions {
  url: string;
  /** Path that the file gets. */
  target: string;
  /** Bytes of the whole file, where they are known. */
  size?: number | undefined;
  /** SHA-256, or the SHA-1 of a git object, in hexadecimal; its length says which. */
  hash?: string | undefined;
  /** The version of the file that a part on the disk must be of, as its ETag. */
  etag?: string | undefined;
  /** Told the bytes of the file that are here. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** Tries in a row that bring nothing. */
const fruitlessTries = 5;

/**
 * Does nothing where the file is there already. After a kill the part stays beside it
 * (`.incomplete`) and the next call goes on with it.
 * @throws AnswerError, ConnectionError where the server does not send it
 * @throws EnvironmentError where the disk lacks room or what came is not what was listed
 */
export async function download(options: DownloadOptions, settings: HubSettings): Promise<void> {
  const { target } = options;
  if (existsSync(target)) return;
  await mkdir(dirname(target), { recursive: true });
  await withLock(`${target}.lock`, async () => {
    if (existsSync(target)) return;
    const part = `${target}.incomplete`;
    const resumed = (await sizeOf(part)) > 0;
    const same = await receive(options, part, settings);
    if (!same) {
      await rm(part, { force: true });
      // What an earlier try left may have been damaged: that is no word against the server.
      if (!resumed || !(await receive(options, part, settings))) {
        await rm(part, { force: true });
        throw new EnvironmentError(`${options.url}: what came is not the file that is listed`, {
          why: "its hash is another one",
          todo: "try again; where it happens again, the mirror or proxy in between changes files",
        });
      }
    }
    await rename(part, target);
  });
}

/** Fills `part`; says whether its hash is the one that it should be. */
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
          await writeAll(file, chunk, have);
          hash?.update(chunk);
          have += chunk.length;
          options.onBytes?.(have);
        }
        if (size === undefined || have >= size) break;
        throw new ConnectionError(options.url, new Error(`the answer ended after ${have} bytes`));
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
    throw new AnswerError(response.status, url, response.headers, "sends another part of the file");
  }
  if (response.status === 416) controller.abort();
  return { status: response.status, body: response.body, url, stop: () => controller.abort() };
}

/** The answer's bytes; an answer that stands still for too long is given up. */
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
          const error = new Error(`no bytes within ${stallTimeout / 1000} s`);
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

async function writeAll(file: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new EnvironmentError(`${folder} has no room for ${showBytes(bytes)}`, {
    why: `${showBytes(bavail * bsize)} are free`,
    todo: "make room, or name a folder on another disk in HF_HOME",
  });
}
