/** Which GGUF file a model's path means. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * A path that is no directory itself, or the GGUF file of a directory that holds no other model;
 * undefined for any other directory.
 */
export function ggufFileOf(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  const files = readdirSync(path);
  const [file, ...more] = files.filter((name) => name.endsWith(".gguf"));
  const hasWeights = files.some((name) =>
    /^pytorch_model.*\.bin(\.index\.json)?$|\.safetensors(\.index\.json)?$/.test(name),
  );
  return file === undefined || more.length > 0 || hasWeights ? undefined : join(path, file);
}
