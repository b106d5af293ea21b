/** Marks that the templates and scripts of other models leave in conversations. */
import { z } from "zod";
import { escapeRegExp } from "../../../../util/escapeRegExp.js";
import {
  type CleanOperator,
  changeText,
  type Roles,
  rolesOption,
  textsOf,
} from "../../operator.js";
import { maskQuoted } from "../text/scan/quotedText.js";

interface MarkerOptions {
  inside: "reject" | "keep";
  keep_when_taught: boolean;
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

/** Conversations in which marks are what is spoken of. */
const taught =
  /\b(?:chat ?ml|(?:chat|prompt|conversation) (?:template|format)s?|(?:special|control|end-of-(?:text|turn|sequence)) tokens?|tokeni[sz](?:er|ation|ing)|eos|bos)\b|对话模板|特殊(?:标记|符号|词元| ?token)|分词器|词元/i;
/** Marks that mean it only at the beginning of a line. */
const lineMark = (names: string) => `(?:#{2,3} ?(?:${names}) ?[:：])`;
const questionMarks = lineMark("Human|Instruction|User|Input");
const answerMarks = lineMark("Assistant|Response");
const lineMarks = `(?:${questionMarks}|${answerMarks})`;
/** No mark of a line is longer, the line feed before it counted. */
const longestLineMark = 24;
const lineMarkAtEnd = new RegExp(`(?<=\\n)${lineMarks}$`, "u");

const sentenceMarks = ["</s>", "<s>"];

const anyMark = alternatives([...marks, ...sentenceMarks]);
/** A mark that a sentence names: it is asked for, or the sentence goes on after it. */
const named = new RegExp(
  `\\b(?:what|explain|meaning of|why|how)\\b[^\\n]{0,60}(?:${anyMark})["'”]?(?: (?:tag|token|marker?|mean|do|stand)s?\\b[^\\n]*)?\\?` +
    `|(?:${anyMark})["'”]?,? (?:and|or|is|are|means?|marks?|begins?|ends?|starts?|stands|denotes?|tells?|signals?|tokens?|tags?)\\b` +
    `|(?:${anyMark})["'”]? ?(?:是|表示|代表|用来|用于|标记|的意思|和|与)`,
  "iu",
);

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
    keep_when_taught: z
      .boolean()
      .default(true)
      .describe(
        "keep markers inside sentences of conversations about templates and special tokens",
      ),
    also: z.array(z.string().min(1)).default([]).describe("more markers"),
    roles: rolesOption(["system", "user", "assistant"]),
  }),
  prepare({ inside, keep_when_taught: keepTaught, also, roles }) {
    const all = [...marks, ...also];
    const within = new RegExp(alternatives(all), "u");
    const marksOnly = marksAtEnds(all);
    const withSentenceMarks = marksAtEnds([...all, ...sentenceMarks]);
    const strip = (text: string, stripping: Stripping) => {
      const bare = withoutMarks(text, withSentenceMarks, stripping);
      const isHtml = sentenceMarks.some((mark) => bare.includes(mark));
      return isHtml ? withoutMarks(text, marksOnly, stripping) : bare;
    };
    const find = (text: string) => {
      if (!text.includes("### ") && !within.test(text)) return undefined;
      const said = maskQuoted(text);
      return within.exec(said)?.[0] ?? gluedTurn(said);
    };
    return (row) => {
      const isTaught =
        keepTaught &&
        row.messages.some(({ content }) => taught.test(content) || named.test(content));
      const answers = changeText(row, roles.filter(isAnswer), (text) =>
        strip(text, { isAnswer: true, isTaught }),
      );
      const stripped = changeText(
        answers,
        roles.filter((role) => !isAnswer(role)),
        (text) => strip(text, { isAnswer: false, isTaught }),
      );
      if (inside === "keep" || isTaught) return stripped;
      for (const [index, message] of stripped.messages.entries()) {
        if (!roles.includes(message.role)) continue;
        for (const text of textsOf(message)) {
          const found = find(text);
          if (found === undefined) continue;
          return { reason: `message ${index + 1} has ${JSON.stringify(found)} inside` };
        }
      }
      return stripped;
    };
  },
};

const speaker = /(?<=\n)#{2,3} ?(?:Human|Assistant) ?[:：]/u;
const asks = /(?<=\n)#{2,3} ?(?:User|Instruction) ?[:：]/u;
const answers = /(?<=\n)#{2,3} ?(?:Assistant|Response) ?[:：]/u;

/** A line that begins another turn; "### Input:" or "### Response:" alone may be a heading. */
function gluedTurn(text: string): string | undefined {
  const found = speaker.exec(text) ?? (answers.test(text) ? asks.exec(text) : null);
  return found?.[0];
}

interface MarksAtEnds {
  plain: readonly string[];
  atStart: { answer: RegExp; question: RegExp };
}

interface Stripping {
  /** "### User:" at the start of an answer is a heading, as "### Response:" is in a question. */
  isAnswer: boolean;
  /** Marks that a sentence goes on after, or ends in, belong to it; a mark alone is an answer. */
  isTaught: boolean;
}

const isAnswer = (role: string) => role === "assistant";

function marksAtEnds(plain: readonly string[]): MarksAtEnds {
  const begin = (lineMarks: string) => new RegExp(`${alternatives(plain)}|${lineMarks}`, "uy");
  return { plain, atStart: { answer: begin(answerMarks), question: begin(questionMarks) } };
}

function withoutMarks(text: string, marks: MarksAtEnds, stripping: Stripping): string {
  const atStart = stripping.isAnswer ? marks.atStart.answer : marks.atStart.question;
  const ends = (of: string) =>
    [endOfLeadingMarks(of, atStart), startOfTrailingMarks(of, marks.plain)] as const;
  const hasNone = ([from, end]: readonly [number, number]) => from === 0 && end === text.length;
  if (hasNone(ends(text))) return text;
  const [from, end] = ends(maskQuoted(text));
  if (hasNone([from, end])) return text;
  if (stripping.isTaught && isSaid(text, from, end)) return text;
  return end > from ? text.slice(from, end).trim() : "";
}

/** Whether the marks before `from` and from `end` on are words of a text about marks. */
function isSaid(text: string, from: number, end: number): boolean {
  if (end <= from) return true;
  const endsIn = end < text.length && /[^\n] $/.test(text.slice(0, end));
  const goesOn = from > 0 && /^[\p{Ll}\p{Script=Han},]/u.test(text.slice(from));
  return endsIn || goesOn;
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
