/** `data clean --list`: every operator and preset, for people and as JSON. */
import {
  type CleanOperator,
  type CleanPreset,
  describeOptions,
  type OptionDescription,
} from "../../../curate/clean/index.js";

/** Operators and presets with snake_case keys, as `--list --json` prints them. */
export function listedOperators(
  operators: readonly CleanOperator[],
  presets: Readonly<Record<string, CleanPreset>>,
): object {
  return {
    operators: operators.map((operator) => ({
      name: operator.name,
      kind: operator.kind,
      summary: operator.summary,
      options: describeOptions(operator),
    })),
    presets: Object.entries(presets).map(([name, { summary, steps }]) => ({
      name,
      summary,
      operators: steps.map(([operator]) => operator),
    })),
  };
}

export function operatorList(
  operators: readonly CleanOperator[],
  presets: Readonly<Record<string, CleanPreset>>,
): string {
  const lines = ["Presets"];
  for (const [name, { summary, steps }] of Object.entries(presets)) {
    lines.push(`  ${name}: ${summary}`);
    for (const [operator] of steps) lines.push(`    ${operator}`);
  }
  lines.push("", "Operators");
  for (const operator of operators) {
    lines.push(`  ${operator.name} (${operator.kind}): ${operator.summary}`);
    for (const option of describeOptions(operator)) lines.push(`    ${optionLine(option)}`);
  }
  return `${lines.join("\n")}\n`;
}

function optionLine({ name, type, default: value, description }: OptionDescription): string {
  const shown = value === undefined ? "none" : JSON.stringify(value);
  return `${name}: ${shown} (${type}) ${description}`;
}
