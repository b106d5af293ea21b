/** Marks that the templates and scripts of other models leave in conversations. */
import { z } from "zod";
import {
  type CleanOperator,
  changeText,
  isRejection,
  type Roles,
  rolesOption,
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
  ...["<eoh>", "<eom>", "<|Human|>:", "<|Human|>", "<|MOSS|>:", "<|MOSS|>"],
  ...["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_sep|>"],
  ...["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>"],
  ...["<|end_header_id|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>", "<|observation|>"],
  ...["<start_of_turn>", "<end_of_turn>", "<reserved_106>", "<reserved_107>"],
  ...["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜begin▁of▁sentence｜>"],
  ...[
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "[gMASK]",
    "<sop>",
    "<eop>",
    "[UNUSED_TOKEN_145]",
  ],
];

/** Marks that mean it only at the beginning of a line. */
const lineMarks = "(?:#{2,3} ?(?:Human|Assistant|Instruction|Response|User|Input) ?[:：])";

export const removeTemplateMarkers: CleanOperator<MarkerOptions> = {
  name: "remove_template_markers",
  kind: "change",
  summary:
    "removes marks of chat templates at the ends of messages; leaves out rows with one inside",
  options: z.strictObject({
    inside: z
      .enum(["reject", "keep"])
      .default("reject")
      .describe("a mark within a message means that turns were glued together: leave the row out"),
    also: z.array(z.string().min(1)).default([]).describe("more marks"),
    roles: rolesOption(["system", "user", "assistant"]),
  }),
  prepare({ inside, also, roles }) {
    const plain = [...marks, ...also].map(escaped).join("|");
    const any = `(?:${plain}|${lineMarks})`;
    const ends = (more: string) => ({
      atStart: new RegExp(`^(?:\\s*(?:${any}${more}))+\\s*`, "u"),
      atEnd: new RegExp(`(?:(?:${plain}|(?<=\\n)${lineMarks}${more})\\s*)+$`, "u"),
    });
    const marksOnly = ends("");
    const withSentenceMarks = ends("|</s>|<s>");
    const within = new RegExp(`${plain}|(?<=\\n)${lineMarks}`, "u");
    const strip = (text: string) => {
      const isHtml = /<\/?s>/.test(text.replace(/^\s*<s>|<\/s>\s*$/g, ""));
      const { atStart, atEnd } = isHtml ? marksOnly : withSentenceMarks;
      const from = atStart.exec(text)?.[0].length ?? 0;
      const end = atEnd.exec(text)?.index ?? text.length;
      if (from === 0 && end === text.length) return text;
      return end > from ? text.slice(from, end).trim() : "";
    };
    return (row) => {
      const stripped = changeText(row, roles, strip);
      if (inside === "keep" || isRejection(stripped)) return stripped;
      for (const [index, { role, content }] of stripped.messages.entries()) {
        const found = roles.includes(role) ? within.exec(content)?.[0] : undefined;
        if (found !== undefined) {
          return { reason: `message ${index + 1} has ${JSON.stringify(found)} inside` };
        }
      }
      return stripped;
    };
  },
};

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
