/** A pipeline as users declare it (YAML, preset names) and as it runs: steps with all their options. */
import { parse } from "yaml";
import { z } from "zod";
import { nearestOf } from "../../util/editDistance.js";
import { ConfigError } from "../../util/errors.js";
import type { CleanOperator } from "./operator.js";
import { cleanOperators } from "./operators/index.js";
import { cleanPresets } from "./presets.js";

/** One operator of a pipeline with every option; plain data, so that it reaches a worker thread. */
export interface PipelineStep {
  operator: string;
  options: Readonly<Record<string, unknown>>;
}

/** What a pipeline's YAML file holds. */
export interface PipelineDeclaration {
  preset?: string | undefined;
  /** Names, or objects of one key: the name and its options. */
  operators?: readonly (string | Record<string, Record<string, unknown> | null>)[] | undefined;
  /** Operators of the preset to leave out. */
  without?: readonly string[] | undefined;
}

const entryShape =
  "must be the name of an operator, optionally with options: name: { option: value }";

const declaration: z.ZodType<PipelineDeclaration> = z.strictObject(
  {
    preset: z.string().optional(),
    operators: z
      .array(
        z.union(
          [
            z.string(),
            z
              .record(z.string(), z.record(z.string(), z.unknown()).nullable())
              .refine((entry) => Object.keys(entry).length === 1, entryShape),
          ],
          entryShape,
        ),
        "must be a list of operators, each on a line that starts with -",
      )
      .optional(),
    without: z.array(z.string(), "must be a list of operator names").optional(),
  },
  "is not a pipeline; its keys are preset:, operators: and without:",
);

/**
 * Reads a pipeline from YAML.
 * @param text `preset: chat` and/or `operators: [name, name: { option: value }]`, `without: [name]`
 * @param place what errors begin with, such as the file's name
 * @throws ConfigError naming what is wrong, with the nearest known name
 */
export function parsePipeline(text: string, place: string): PipelineStep[] {
  let value: unknown;
  try {
    value = parse(text, { logLevel: "error" });
  } catch (cause) {
    throw new ConfigError(`${place}: not valid YAML`, {
      why: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause),
      cause,
    });
  }
  const result = declaration.safeParse(value ?? {});
  if (!result.success) throw shapeError(place, result.error, ["preset", "operators", "without"]);
  return resolvePipeline(result.data, place);
}

/**
 * The steps that a declaration means. An operator that the preset has already is changed in its
 * place; others come after the preset's, in their order.
 * @throws ConfigError for an unknown operator, option or preset, with the nearest known name
 */
export function resolvePipeline(
  { preset, operators = [], without = [] }: PipelineDeclaration,
  place: string,
): PipelineStep[] {
  const steps = preset === undefined ? [] : presetSteps(preset, place);
  for (const name of without) {
    const index = steps.findIndex(({ operator }) => operator === name);
    if (index < 0) {
      throw new ConfigError(`${place}: without: ${name} is not in the pipeline`, {
        todo: suggestion(
          name,
          steps.map(({ operator }) => operator),
        ),
      });
    }
    steps.splice(index, 1);
  }
  const ofPreset = new Set(steps);
  for (const entry of operators) {
    const [name, given] = typeof entry === "string" ? [entry, null] : Object.entries(entry)[0]!;
    const earlier = [...ofPreset].find(({ operator }) => operator === name);
    if (earlier) {
      earlier.options = checkOptions(name, { ...earlier.options, ...given }, place);
      ofPreset.delete(earlier);
    } else {
      steps.push({ operator: name, options: checkOptions(name, given ?? {}, place) });
    }
  }
  if (steps.length === 0) {
    throw new ConfigError(`${place}: the pipeline has no operators`, {
      todo: `give a preset (${Object.keys(cleanPresets).join(", ")}) or operators; data clean --list shows all`,
    });
  }
  return steps;
}

/** @throws ConfigError for an unknown name, with the nearest */
export function operatorNamed(name: string, place: string): CleanOperator {
  const found = cleanOperators.find((operator) => operator.name === name);
  if (found) return found;
  throw new ConfigError(`${place}: unknown operator ${name}`, {
    todo: suggestion(
      name,
      cleanOperators.map((operator) => operator.name),
    ),
  });
}

function presetSteps(name: string, place: string): PipelineStep[] {
  const preset = Object.hasOwn(cleanPresets, name) ? cleanPresets[name] : undefined;
  if (!preset) {
    throw new ConfigError(`${place}: unknown preset ${name}`, {
      todo: `use ${Object.keys(cleanPresets).join(", ")}`,
    });
  }
  return preset.steps.map(([operator, options]) => ({
    operator,
    options: checkOptions(operator, options, `preset ${name}`),
  }));
}

/** Options with their defaults filled in. */
function checkOptions(
  name: string,
  given: Readonly<Record<string, unknown>>,
  place: string,
): Readonly<Record<string, unknown>> {
  const operator = operatorNamed(name, place);
  const result = operator.options.safeParse(given);
  if (result.success) {
    const options = result.data as Record<string, unknown>;
    refuseEmptyRange(`${place}: ${name}`, options);
    return options;
  }
  const known = operator.options instanceof z.ZodObject ? Object.keys(operator.options.shape) : [];
  throw shapeError(`${place}: ${name}`, result.error, known);
}

/** A minimum above its maximum would leave every row out. */
function refuseEmptyRange(place: string, options: Readonly<Record<string, unknown>>): void {
  for (const [key, minimum] of Object.entries(options)) {
    const maximum = options[key.replace("minimum", "maximum")];
    if (typeof minimum !== "number" || typeof maximum !== "number" || minimum <= maximum) continue;
    throw new ConfigError(`${place}: ${key} ${minimum} is greater than its maximum ${maximum}`, {
      why: "no rows would be left",
      todo: "lower the minimum or raise the maximum",
    });
  }
}

function shapeError(place: string, { issues }: z.ZodError, known: readonly string[]): ConfigError {
  const issue = issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    return new ConfigError(`${place}: unknown option ${key}`, { todo: suggestion(key, known) });
  }
  const path = issue.path.length > 0 ? ` ${issue.path.join(".")}:` : "";
  return new ConfigError(`${place}:${path} ${issue.message}`, {
    todo:
      path === ""
        ? "print a pipeline to start from with: tunewright data clean --preset chat --explain"
        : "see the operators and their options with: tunewright data clean --list",
  });
}

function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestOf(name, known);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  return known.length > 0 && known.length <= 12
    ? `use ${known.join(", ")}`
    : "see all operators with: tunewright data clean --list";
}
