/** How families of models write calls of tools. */

export interface ToolCallFormat {
  /** For messages. */
  name: string;
  /** What a template that has this format writes for a call of `name`. */
  shape(name: string): RegExp;
  /** Opens the calls; null where they are the answer from its beginning. */
  opening: string | null;
  /** Stands behind the last call; null where that is the end of the answer. */
  closing: string | null;
  /** Stands before the JSON of a call, the end of the one before it too; `name` where the JSON is arguments alone. */
  before: RegExp;
  /** Stands behind the JSON of the last call. */
  behind: RegExp;
  /** Key of the arguments beside `name` in the JSON; null where the JSON is arguments alone. */
  argumentsKey: "arguments" | "parameters" | null;
  /** Whether an answer without {@link opening} begins with a call; undefined while that is not known. */
  begins?(text: string, names: readonly string[]): boolean | undefined;
  /** Texts that may be special tokens, which decoding must show all the same. */
  marks: readonly string[];
  /** Ids are nine letters and digits, which the template asks for. */
  shortIds?: true;
  /** What is written before and behind the arguments of the only call. */
  write(name: string): { before: string; behind: string };
}

const quoted = (name: string) => JSON.stringify(name);
/** A call as an object of JSON. */
const asObject = (name: string, key: string) => `{"name": ${quoted(name)}, "${key}": `;

const list = { before: /^[\s[,;]*$/, behind: /^[\s\]]*$/ };

/** Qwen 2.5 and 3, Hermes 2 and 3, SmolLM 3; SmolLM 2 and others write a list between the tags. */
const hermes: ToolCallFormat = {
  name: "<tool_call>",
  shape: (name) => new RegExp(`<tool_call>[\\s[]*\\{"name": ?"${name}", ?"arguments": ?\\{`),
  opening: "<tool_call>",
  closing: "</tool_call>",
  ...list,
  argumentsKey: "arguments",
  marks: ["<tool_call>", "</tool_call>"],
  write: (name) => ({ before: `<tool_call>\n${asObject(name, "arguments")}`, behind: "}" }),
};

/** InternLM 2 and 2.5. */
const internlm: ToolCallFormat = {
  name: "<|plugin|>",
  shape: (name) =>
    new RegExp(`<\\|action_start\\|><\\|plugin\\|>\\s*\\{"name": ?"${name}", ?"parameters": ?\\{`),
  opening: "<|action_start|><|plugin|>",
  closing: "<|action_end|>",
  ...list,
  argumentsKey: "parameters",
  marks: ["<|action_start|>", "<|plugin|>", "<|action_end|>"],
  write: (name) => ({
    before: `<|action_start|><|plugin|>\n${asObject(name, "parameters")}`,
    behind: "}",
  }),
};

/** Mistral's tokenizers v3 and v7. */
const mistral: ToolCallFormat = {
  name: "[TOOL_CALLS]",
  shape: (name) =>
    new RegExp(`\\[TOOL_CALLS\\]\\s*\\[\\s*\\{"name": ?"${name}", ?"arguments": ?\\{`),
  opening: "[TOOL_CALLS]",
  closing: null,
  ...list,
  argumentsKey: "arguments",
  marks: ["[TOOL_CALLS]"],
  shortIds: true,
  write: (name) => ({ before: `[TOOL_CALLS][${asObject(name, "arguments")}`, behind: "}]" }),
};

/** Mistral's tokenizers from v11 on. */
const mistralNamed: ToolCallFormat = {
  name: "[TOOL_CALLS] with [ARGS]",
  shape: (name) => new RegExp(`\\[TOOL_CALLS\\]${name}(?:\\[CALL_ID\\]\\w+)?\\[ARGS\\]\\{`),
  opening: "[TOOL_CALLS]",
  closing: null,
  before: /^\s*(?:\[TOOL_CALLS\])?(?<name>[^\s[\]{}]+)(?:\[CALL_ID\]\w+)?\[ARGS\]\s*$/,
  behind: /^\s*$/,
  argumentsKey: null,
  marks: ["[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"],
  shortIds: true,
  write: (name) => ({ before: `[TOOL_CALLS]${name}[ARGS]`, behind: "" }),
};

const deepseekMarks = ["calls▁begin", "call▁begin", "sep", "call▁end", "calls▁end"].map(
  (mark) => `<｜tool▁${mark}｜>`,
);

/** DeepSeek V3 and R1. */
const deepseek: ToolCallFormat = {
  name: "<｜tool▁calls▁begin｜>",
  shape: (name) => new RegExp(`<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\\n\`\`\`json\\n`),
  opening: "<｜tool▁calls▁begin｜>",
  closing: "<｜tool▁calls▁end｜>",
  before:
    /^(?:\s*```\s*<｜tool▁call▁end｜>)?\s*<｜tool▁call▁begin｜>\w+<｜tool▁sep｜>(?<name>[^\s{}]+)\s*```json\s*$/,
  behind: /^\s*(?:```)?\s*(?:<｜tool▁call▁end｜>)?\s*$/,
  argumentsKey: null,
  marks: deepseekMarks,
  write: (name) => ({
    before: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`,
    behind: "",
  }),
};

/** DeepSeek V3.1. */
const deepseek31: ToolCallFormat = {
  ...deepseek,
  name: "<｜tool▁calls▁begin｜> of V3.1",
  shape: (name) => new RegExp(`<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>\\{`),
  before:
    /^(?:\s*<｜tool▁call▁end｜>)?\s*<｜tool▁call▁begin｜>(?<name>[^\s{}<]+)<｜tool▁sep｜>\s*$/,
  behind: /^\s*(?:<｜tool▁call▁end｜>)?\s*$/,
  write: (name) => ({
    before: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>${name}<｜tool▁sep｜>`,
    behind: "",
  }),
};

const pythonTag = "<|python_tag|>";

/** Llama 3.1 to 3.3: the answer is the JSON. */
const llama: ToolCallFormat = {
  name: "JSON of Llama 3.1",
  shape: (name) => new RegExp(`\\{"name": ?"${name}", ?"parameters": ?\\{`),
  opening: null,
  closing: null,
  before: /^\s*(?:<\|python_tag\|>)?[\s;]*$/,
  behind: /^[\s;]*$/,
  argumentsKey: "parameters",
  begins(text) {
    const start = text.trimStart();
    if (start.startsWith("{") || start.startsWith(pythonTag)) return true;
    return pythonTag.startsWith(start) ? undefined : false;
  },
  marks: [pythonTag],
  write: (name) => ({ before: asObject(name, "parameters"), behind: "}" }),
};

/** GLM 4: the name, and below it the arguments; words begin with a line break. */
const glm: ToolCallFormat = {
  name: "GLM-4's",
  shape: (name) => new RegExp(`<\\|assistant\\|>${name}\\n\\{`),
  opening: null,
  closing: null,
  before: /^\s*(?:<\|assistant\|>)?(?<name>[^\s{}]+)\n\s*$/,
  behind: /^\s*$/,
  argumentsKey: null,
  begins(text, names) {
    const lines = names.map((name) => `${name}\n`);
    if (lines.some((line) => text.startsWith(line))) return true;
    return lines.some((line) => line.startsWith(text)) ? undefined : false;
  },
  marks: [],
  write: (name) => ({ before: `${name}\n`, behind: "" }),
};

/** Those with marks before those whose shape says less. */
export const toolCallFormats: readonly ToolCallFormat[] = [
  hermes,
  internlm,
  mistral,
  mistralNamed,
  deepseek,
  deepseek31,
  glm,
  llama,
];
