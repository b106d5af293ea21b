/** Marks that the templates and scripts of other models leave in conversations. */
import { z } from "zod";
import { escapeRegExp } from "../../../../util/escapeRegExp.js";
import {
  type CleanOperator,
  changeText,
  isRejection,
  type Roles,
  rolesOption,
  textsOf,
} from "../../operator.js";

interface MarkerOptions {
  inside: "reject" | "keep";
  also: string[];
  roles: Roles;
}

/**
 * Marks that no one writes by hand. MOSS's own for thoughts, commands and results are not among
 * them: they belong to conversations with tools.
 */
const marks = [
  "<eoh>",
  "<eom>",
  "<|Human|>:",
  "<|Human|>",
  "<|MOSS|>:",
  "<|MOSS|>",
  "<|im_start|>",
  "<|im_end|>",
  "<|endoftext|>",
  "<|im_sep|>",
  "<|begin_of_text|>",
  "<|end_of_text|>",
  "<|eot_id|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|user|>",
  "<|assistant|>",
  "<|system|>",
  "<|end|>",
  "<|observation|>",
  "<start_of_turn>",
  "<end_of_turn>",
  "<reserved_106>",
  "<reserved_107>",
  "<｜User｜>",
  "<｜Assistant｜>",
  "<｜end▁of▁sentence｜>",
  "<｜begin▁of▁sentence｜>",
  "[INST]",
  "[/INST]",
  "<<SYS>>",
  "<</SYS>>",
  "[gMASK]",
  "<sop>",
  "<eop>",
  "[UNUSED_TOKEN_145]",
];

/** Marks that mean it only at the beginning of a line. */
const lineMarks = "(?:#{2,3} ?(?:Human|Assistant|Instruction|Response|User|Input) ?[:：])";
/** No mark of a line is longer, the line feed before it counted. */
const longestLineMark = 24;
const lineMarkAtEnd = new RegExp(`(?<=\\n)${lineMarks}$`, "u");

const sentenceMarks = ["</s>", "<s>"];

export const removeTemplateMarkers: CleanOperator<MarkerOptions> = {
  name: "remove_template_markers",
  kind: "change",
  summary:
    "strip chat template markers from the ends of messages; remove rows with one inside a message",
  options: z.strictObject({
    inside: z
      .enum(["reject", "keep"])
      .default("reject")
      .describe(
        "remove rows with a marker inside a message, which means that turns were concatenated",
      ),
    also: z.array(z.string().min(1)).default([]).describe("more markers"),
    roles: rolesOption(["system", "user", "assistant"]),
  }),
  prepare({ inside, also, roles }) {
    const all = [...marks, ...also];
    const within = new RegExp(`${alternatives(all)}|(?<=\\n)${lineMarks}`, "u");
    const marksOnly = marksAtEnds(all);
    const withSentenceMarks = marksAtEnds([...all, ...sentenceMarks]);
    const strip = (text: string) => {
      const bare = withoutMarks(text, withSentenceMarks);
      const isHtml = sentenceMarks.some((mark) => bare.includes(mark));
      return isHtml ? withoutMarks(text, marksOnly) : bare;
    };
    return (row) => {
      const stripped = changeText(row, roles, strip);
      if (inside === "keep" || isRejection(stripped)) return stripped;
      for (const [index, message] of stripped.messages.entries()) {
        if (!roles.includes(message.role)) continue;
        for (const text of textsOf(message)) {
          const found = within.exec(text)?.[0];
          if (found === undefined) continue;
          return { reason: `message ${index + 1} has ${JSON.stringify(found)} inside` };
        }
      }
      return stripped;
    };
  },
};

interface MarksAtEnds {
  plain: readonly string[];
  atStart: RegExp;
}

function marksAtEnds(plain: readonly string[]): MarksAtEnds {
  return { plain, atStart: new RegExp(`${alternatives(plain)}|${lineMarks}`, "uy") };
}

function withoutMarks(text: string, { plain, atStart }: MarksAtEnds): string {
  const from = endOfLeadingMarks(text, atStart);
  const end = startOfTrailingMarks(text, plain);
  if (from === 0 && end === text.length) return text;
  return end > from ? text.slice(from, end).trim() : "";
}

/**
 * Where the marks that a text begins with end; 0 where it begins with none. One mark after another,
 * since an expression for all of them overflows on a text of a million marks.
 */
function endOfLeadingMarks(text: string, mark: RegExp): number {
  let end = 0;
  for (;;) {
    let next = end;
    while (next < text.length && space.test(text[next]!)) next++;
    mark.lastIndex = next;
    if (!mark.test(text)) return end === 0 ? 0 : next;
    end = mark.lastIndex;
  }
}

/** Where the marks that a text ends with begin; its length where it ends with none. */
function startOfTrailingMarks(text: string, plain: readonly string[]): number {
  let start = text.length;
  for (;;) {
    let end = start;
    while (end > 0 && space.test(text[end - 1]!)) end--;
    const length = lengthOfMarkBefore(text, end, plain);
    if (length === 0) return start;
    start = end - length;
  }
}

function lengthOfMarkBefore(text: string, end: number, plain: readonly string[]): number {
  const mark = plain.find((one) => text.endsWith(one, end));
  if (mark !== undefined) return mark.length;
  const last = text.slice(Math.max(0, end - longestLineMark), end);
  return lineMarkAtEnd.exec(last)?.[0].length ?? 0;
}

const space = /\s/;

function alternatives(texts: readonly string[]): string {
  return texts.map(escapeRegExp).join("|");
}
