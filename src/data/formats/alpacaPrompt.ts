/**
 * Alpaca's rows with Alpaca's own prompt (github.com/tatsu-lab/stanford_alpaca) in place of a chat
 * template, as axolotl's type alpaca has them. Never detected, since the same rows may be conversations.
 */
import { alpacaFormat } from "./alpaca.js";
import { inexpressible } from "./expressible.js";
import { optionalText, text } from "./fields.js";
import type { ConversationFormat } from "./format.js";

const name = "alpaca_prompt";

export const alpacaPromptFormat: ConversationFormat = {
  name,
  keys: ["instruction", "input", "output"],
  matches: () => false,
  read(row) {
    const instruction = text(row.instruction, "instruction");
    const prompt = promptOf(instruction, optionalText(row.input, "input"));
    return {
      kind: "text",
      messages: [
        { role: "user", content: prompt },
        { role: "assistant", content: text(row.output, "output") },
      ],
    };
  },
  write: () => inexpressible(name, "a conversation", `convert to ${alpacaFormat.name}`),
};

function promptOf(instruction: string, input: string | undefined): string {
  const task = "Below is an instruction that describes a task";
  const ask = "Write a response that appropriately completes the request.";
  const asked = `### Instruction:\n${instruction}\n\n`;
  return input === undefined
    ? `${task}. ${ask}\n\n${asked}### Response:\n`
    : `${task}, paired with an input that provides further context. ${ask}\n\n${asked}` +
        `### Input:\n${input}\n\n### Response:\n`;
}
