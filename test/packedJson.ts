import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/**
 * JSON of reference values that is kept gzipped, because the repository stays small. `zcat` shows it.
 *
 * @param file its path, which ends in `.json.gz`
 */
export function readPackedJson<T>(file: string | URL): T {
  return JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as T;
}
