/** The configuration as MLflow's parameters: texts of a bounded length. */
import type { MlflowSettings } from "./settings.js";

export interface MlflowParam {
  key: string;
  value: string;
}

/** Longest value that MLflow keeps whole. */
const longestValue = 6000;

/** @returns the parameters, and a line on each that is left out */
export function runParams(
  config: Readonly<Record<string, unknown>>,
  { flattenParams, maxParams }: Pick<MlflowSettings, "flattenParams" | "maxParams">,
): { params: MlflowParam[]; notes: string[] } {
  const notes: string[] = [];
  const entries = flattenParams ? flattened(config, "") : Object.entries(config);
  const all = entries.map(([key, value]) => ({ key, value: paramText(value) }));
  const fitting = all.filter(({ key, value }) => {
    const fits = value.length <= longestValue;
    if (!fits) {
      notes.push(`parameter ${key} is left out: it is longer than ${longestValue} characters`);
    }
    return fits;
  });
  const params = fitting.slice(0, maxParams);
  if (params.length < fitting.length) {
    notes.push(`MLFLOW_MAX_LOG_PARAMS leaves out ${fitting.length - params.length} parameters`);
  }
  return { params, notes };
}

function paramText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** `{ a: { b: 1 } }` becomes `a.b`, as in transformers. */
function flattened(values: Readonly<Record<string, unknown>>, prefix: string): [string, unknown][] {
  return Object.entries(values).flatMap(([name, value]): [string, unknown][] =>
    isFilledObject(value) ? flattened(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]],
  );
}

function isFilledObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length > 0
  );
}
