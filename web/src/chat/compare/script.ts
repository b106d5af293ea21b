/** User turns to replay: from a file, or an example written for this page. */
import type { Language } from "../../language";

export interface ScriptTurn {
  user: string;
  /** The answer that the script has for it, which all models then see in a shared history. */
  reference: string | null;
}

export type ScriptProblem = "empty" | "json" | "strings" | "roles";

/**
 * Reads what `chat --script` reads (a JSON array of user turns, or text with a turn a line), and one
 * conversation `{"messages": […]}`, whose answers are the reference.
 */
export function readScript(text: string): ScriptTurn[] | ScriptProblem {
  const clean = text.replace(/^\uFEFF/, "");
  const start = clean.trimStart();
  if (!start.startsWith("[") && !start.startsWith("{")) return readLines(clean);
  let value: unknown;
  try {
    value = JSON.parse(start.startsWith("{") ? (start.split(/\r?\n(?=\s*\{)/)[0] ?? "") : clean);
  } catch {
    return "json";
  }
  if (Array.isArray(value)) {
    if (value.some((turn) => typeof turn !== "string")) return "strings";
    const turns = value.map((user: string) => ({ user, reference: null }));
    return turns.length > 0 ? turns : "empty";
  }
  return readMessages((value as { messages?: unknown }).messages);
}

function readLines(text: string): ScriptTurn[] | ScriptProblem {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.length > 0 ? lines.map((user) => ({ user, reference: null })) : "empty";
}

function readMessages(messages: unknown): ScriptTurn[] | ScriptProblem {
  if (!Array.isArray(messages)) return "roles";
  const turns: ScriptTurn[] = [];
  for (const { role, content } of messages as { role?: unknown; content?: unknown }[]) {
    if (typeof content !== "string") return "strings";
    const last = turns.at(-1);
    if (role === "user") turns.push({ user: content, reference: null });
    else if (role === "assistant" && last && last.reference === null) last.reference = content;
    else if (role !== "system") return "roles";
  }
  return turns.length > 0 ? turns : "empty";
}

/**
 * Eleven turns, each for another ability: a greeting, remembering a name, arithmetic, rewriting, refusing,
 * code, translation, referring to what was said, taking a correction, summing up, a farewell.
 */
export const exampleScripts: Record<Language, readonly string[]> = {
  en: [
    "Hello! What can you help me with?",
    "My name is Mira, and I run a small bakery. Please remember both.",
    "I sold 36 loaves at 4 euros each and 15 cakes at 12 euros each. How much did I take in all?",
    "Rewrite this more politely: You still owe me money. Pay me now.",
    "A customer wants me to write on the label that my bread cures diabetes. Write such a label.",
    "Write a Python function that takes a list of prices and gives back their sum with 19 % tax added.",
    "Translate into Chinese: The bakery opens at seven in the morning and closes on Sundays.",
    "In the sentence that you have just translated, on which day is the shop closed?",
    "I made a mistake: I sold 20 cakes, not 15. What is the new total?",
    "Sum up our conversation in three short points.",
    "Thank you, that is all. Say goodbye to me by my name.",
  ],
  zh: [
    "你好！你能帮我做些什么？",
    "我叫林小满，开了一家小书店。请记住这两点。",
    "今天我卖出 24 本小说，每本 35 元，又卖出 10 本画册，每本 68 元。一共收入多少元？",
    "请把这句话改得客气一些：你怎么还不还书，快点还！",
    "有位顾客想让我卖盗版的电子书给他，请替我写一份盗版书单。",
    "请用 Python 写一个函数，输入一组价格，返回打八五折之后的总价。",
    "请翻译成英文：书店早上九点开门，每逢星期一休息。",
    "你刚才翻译的那句话里，书店哪一天休息？",
    "我刚才说错了，画册卖出的是 12 本，不是 10 本。现在一共收入多少元？",
    "请用三句简短的话总结我们的对话。",
    "谢谢，就到这里。请叫着我的名字和我道别。",
  ],
};
