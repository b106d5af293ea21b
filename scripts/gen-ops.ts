/**
 * Writes src/tensor/ops.gen.ts: one typed function for each operator in scripts/operators.ts, with
 * types and defaults taken from the schemas in the loaded libtorch. `--check` fails on a difference.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as guards from "../src/tensor/guards.js";
import { native, type SchemaArgument } from "../src/tensor/native.js";
import { operators } from "./operators.js";

const target = path.join(path.dirname(fileURLToPath(import.meta.url)), "../src/tensor/ops.gen.ts");

const reserved = new Set(["default", "var", "in", "function", "new", "delete", "with"]);

function camelCase(name: string): string {
  const lead = name.match(/^_*/)?.[0] ?? "";
  const tail = /[^_]_$/.test(name) ? "_" : "";
  const body = name.slice(lead.length, name.length - tail.length);
  return lead + body.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) + tail;
}

/** How one schema type looks in TypeScript, and how a value of it crosses the border. */
function typeOf(type: string): { type: string; convert: (value: string) => string } {
  const optional = type.endsWith("?");
  const base = optional ? type.slice(0, -1) : type;
  const plain = (value: string) => value;
  const orNull = (text: string) => (optional ? `${text} | null` : text);
  switch (base) {
    case "Tensor":
      return { type: orNull("Tensor"), convert: (value) => `handle(${value})` };
    case "Tensor[]":
    case "Tensor?[]":
      return {
        type: base === "Tensor[]" ? "readonly Tensor[]" : "readonly (Tensor | null)[]",
        convert: (value) => `handles(${value})`,
      };
    case "int[]":
    case "SymInt[]":
      return {
        type: orNull("number | readonly number[]"),
        convert: (value) => `integers(${value})`,
      };
    case "float[]":
      return { type: orNull("readonly number[]"), convert: plain };
    case "bool[]":
      return { type: orNull("readonly boolean[]"), convert: plain };
    case "Scalar[]":
      return { type: orNull("readonly number[]"), convert: plain };
    case "Scalar":
    case "number":
      return { type: orNull("number | boolean"), convert: plain };
    case "int":
    case "SymInt":
    case "float":
      return { type: orNull("number"), convert: plain };
    case "bool":
      return { type: orNull("boolean"), convert: plain };
    case "str":
      return { type: orNull("string"), convert: plain };
    case "ScalarType":
      return { type: orNull("DType"), convert: plain };
    case "Device":
      return { type: orNull("Device"), convert: plain };
    case "Generator":
      return { type: orNull("Generator"), convert: (value) => `generatorHandle(${value})` };
    case "Layout":
    case "MemoryFormat":
      return { type: orNull("string"), convert: plain };
    default:
      throw new Error(`gen-ops: no TypeScript type for the schema type ${type}`);
  }
}

interface Overload {
  constant: string;
  overload: string;
  parameters: { argument: SchemaArgument; name: string }[];
  returns: SchemaArgument[];
}

interface Group {
  qualified: string;
  name: string;
  overloads: Overload[];
}

function readGroup(entry: string): Group {
  const [spec = "", alias] = entry.split(" as ");
  const [base = "", overloads = ""] = spec.split(".");
  const qualified = base.includes("::") ? base : `aten::${base}`;
  const bare = qualified.split("::")[1] ?? base;
  const name = alias ?? camelCase(bare);
  return {
    qualified,
    name,
    overloads: overloads.split("|").map((overload) => {
      const schema = native.operatorSchema(native.findOperator(qualified, overload));
      return {
        constant: `$${name}${overload ? `_${overload}` : ""}`,
        overload,
        parameters: schema.arguments.map((argument) => {
          const camel = camelCase(argument.name);
          return { argument, name: reserved.has(camel) ? `${camel}_` : camel };
        }),
        returns: schema.returns,
      };
    }),
  };
}

function resultOf({ returns, parameters }: Overload): {
  type: string;
  wrap: (call: string) => string;
} {
  if (returns.length === 0) return { type: "void", wrap: (call) => `${call};` };
  if (returns.every((value) => value.written)) {
    const written = parameters.find(({ argument }) => argument.written);
    // What is passed as `out` may have got another shape.
    const value = written?.argument.keywordOnly
      ? `rewritten(keyword.${written.name})`
      : written?.name;
    return { type: "Tensor", wrap: (call) => `${call};\n  return ${value};` };
  }
  const single = (type: string) => {
    if (type === "Tensor") return { type: "Tensor", wrap: "wrap" };
    if (type === "Tensor[]") return { type: "Tensor[]", wrap: "wrapAll" };
    if (type === "bool") return { type: "boolean", wrap: "" };
    return { type: "number", wrap: "" };
  };
  if (returns.length === 1) {
    const one = single(returns[0]!.type);
    return {
      type: one.type,
      wrap: (call) =>
        one.wrap ? `return ${one.wrap}(${call});` : `return ${call} as ${one.type};`,
    };
  }
  const types = returns.map((value) =>
    value.type === "Tensor" ? "Tensor" : single(value.type).type,
  );
  const parts = types.map((type, i) =>
    type === "Tensor" ? `wrapOptional(result[${i}]) as Tensor` : `result[${i}] as ${type}`,
  );
  return {
    type: `[${types.join(", ")}]`,
    wrap: (call) => `const result = ${call} as unknown[];\n  return [${parts.join(", ")}];`,
  };
}

/** Type of the one argument in which the overloads of a group differ (`Tensor` or a number). */
function mergedType(group: Group, index: number): string {
  const types = new Set(
    group.overloads.map(({ parameters }) => typeOf(parameters[index]!.argument.type).type),
  );
  return [...types].join(" | ");
}

function writeGroup(group: Group): string {
  const [first] = group.overloads;
  if (!first) throw new Error(`gen-ops: ${group.name} has no overload`);
  const count = first.parameters.length;
  if (group.overloads.some(({ parameters }) => parameters.length !== count)) {
    throw new Error(`gen-ops: the overloads of ${group.name} differ in their number of arguments`);
  }
  const positional = first.parameters.filter(({ argument }) => !argument.keywordOnly);
  const keyword = first.parameters.filter(({ argument }) => argument.keywordOnly);
  let optionalSeen = false;
  const signature = positional.map(({ argument, name }, i) => {
    optionalSeen ||= argument.default !== undefined;
    return `${name}${optionalSeen ? "?" : ""}: ${mergedType(group, i)}`;
  });
  if (keyword.length > 0) {
    const required = keyword.some(({ argument }) => argument.default === undefined);
    const fields = keyword.map(
      ({ argument, name }) =>
        `${name}${argument.default === undefined ? "" : "?"}: ${typeOf(argument.type).type}${argument.default === undefined ? "" : " | undefined"}`,
    );
    signature.push(`options${required ? "" : "?"}: { ${fields.join("; ")} }`);
  }
  const result = resultOf(first);
  const callOf = (overload: Overload) => {
    const values = overload.parameters.map(({ argument }, i) => {
      const { argument: shown, name } = first.parameters[i]!;
      const value = shown.keywordOnly ? `keyword.${name}` : name;
      return typeOf(argument.type).convert(value);
    });
    return `native.call(${[`id(${overload.constant})`, ...values].join(", ")})`;
  };
  const lines: string[] = [];
  for (const overload of group.overloads) {
    lines.push(
      `const ${overload.constant} = operator("${group.qualified}", "${overload.overload}");`,
    );
  }
  lines.push(`export function ${group.name}(${signature.join(", ")}): ${result.type} {`);
  if (keyword.length > 0) lines.push(`  const keyword = keywords(${first.constant}, options);`);
  const guard = Object.entries(guards).find(([name]) => name === group.name)?.[1];
  if (guard) {
    const guarded = positional.slice(0, guard.length).map(({ name }) => name);
    lines.push(`  guards.${group.name}(${guarded.join(", ")});`);
  }
  if (group.overloads.length === 1) {
    lines.push(`  ${result.wrap(callOf(first))}`);
  } else {
    const second = group.overloads[1]!;
    const differing = positional.find(
      ({ argument }, i) => argument.type !== second.parameters[i]!.argument.type,
    );
    if (differing?.argument.type !== "Tensor") {
      throw new Error(`gen-ops: cannot tell the overloads of ${group.name} apart`);
    }
    lines.push(
      `  if (typeof ${differing.name} === "number" || typeof ${differing.name} === "boolean") {`,
    );
    lines.push(`    ${result.wrap(callOf(second)).replaceAll("\n", "\n  ")}`);
    lines.push("  }");
    lines.push(`  ${result.wrap(callOf(first))}`);
  }
  lines.push("}");
  return lines.join("\n");
}

function isMethod(group: Group): boolean {
  const first = group.overloads[0]?.parameters[0];
  return (
    first?.argument.name === "self" &&
    first.argument.type === "Tensor" &&
    !group.name.startsWith("_")
  );
}

const groups = operators.map(readGroup);
const methods = groups.filter(isMethod);
const text = `// Generated by scripts/gen-ops.ts from the schemas of libtorch. Do not edit.
import type { Device, DType } from "./dtype.js";
import {
  handle,
  handles,
  id,
  integers,
  keywords,
  native,
  operator,
  rewritten,
  wrap,
  wrapAll,
  wrapOptional,
} from "./dispatch.js";
import { type Generator, generatorHandle } from "./generator.js";
import * as guards from "./guards.js";
import { Tensor } from "./tensor.js";

type Rest<F extends (...values: never[]) => unknown> = F extends (
  self: Tensor,
  ...rest: infer R
) => unknown
  ? R
  : never;

${groups.map(writeGroup).join("\n\n")}

declare module "./tensor.js" {
  interface Tensor {
${methods.map(({ name }) => `    ${name}(...rest: Rest<typeof ${name}>): ReturnType<typeof ${name}>;`).join("\n")}
  }
}

const methods = {
${methods.map(({ name }) => `  ${name}(this: Tensor, ...rest: Rest<typeof ${name}>) { return ${name}(this, ...rest); },`).join("\n")}
};
Object.assign(Tensor.prototype, methods);
`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/tensor/ops.gen.ts differs from the schemas: run npm run gen-ops");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
  console.log(`${groups.length} operators`);
}
