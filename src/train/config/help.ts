/** The list of keys that `./tunewright train --help` ends with. */
import { type ConfigKey, describeKey, fieldGroups, keySchemas } from "./schema.js";

/** Every key with its default and help text, by topic, as lines for a terminal. */
export function renderConfigHelp(): string {
  return fieldGroups
    .map(({ title, fields }) => {
      const lines = Object.keys(fields).map((key) => describeLine(key as ConfigKey));
      return [`${title}:`, ...lines].join("\n");
    })
    .join("\n\n");
}

function describeLine(key: ConfigKey): string {
  const { default: standard, description = "" } = keySchemas[key];
  const shown = standard === undefined ? "required" : JSON.stringify(standard);
  const suffix = standard === null || shown === "[]" ? "" : `, ${shown}`;
  return `  --${key.replaceAll("_", "-")}  (${describeKey(key)}${suffix})\n      ${description}`;
}
