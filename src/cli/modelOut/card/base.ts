/** What a model's own card says of it, for the card of what is made of it. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { isObject } from "../../../format/index.js";

/** Keys that hold for what is made of a model too. */
const kept = ["license", "license_name", "license_link", "language"] as const;

/** The header of a model's README.md, as far as it holds for its descendants; empty without one. */
export function baseHeader(model: string): Record<string, unknown> {
  const file = join(model, "README.md");
  if (!statSync(model).isDirectory() || !existsSync(file)) return {};
  const [, header] = /^﻿?---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(file, "utf8")) ?? [];
  if (header === undefined) return {};
  const values = parsed(header);
  return Object.fromEntries(kept.flatMap((key) => (values[key] ? [[key, values[key]]] : [])));
}

function parsed(header: string): Record<string, unknown> {
  try {
    const values: unknown = parse(header);
    return isObject(values) ? values : {};
  } catch {
    // Somebody else's card need not be well-formed; nothing is then known from it.
    return {};
  }
}
