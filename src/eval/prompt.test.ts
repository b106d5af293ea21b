/** Prompts as texts and as conversations against lm-evaluation-harness's (test/parity/prompt_fixtures.py). */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { chatMessages, delimiterAfter, plainContext } from "./prompt.js";
import type { Prompt } from "./types.js";

/** Contexts with continuations of two choices, in the order of the script. */
function cases(): [string, string][][] {
  const made: [string, string][][] = [];
  for (const answerPrefix of ["", "The answer is", "So: "])
    for (const description of ["", "About sums.\n\n", "About sums."])
      for (const end of ["\nAnswer:", "\n"])
        for (const system of ["", "Be brief."])
          for (const form of ["plain", "single", "turns"])
            for (const count of [0, 1]) {
              const prompt: Prompt = {
                description,
                shots: [{ question: `1 + 1 = ?${end}`, answer: "2" }].slice(0, count),
                question: `1 + 1 = ?${end}`,
                delimiters: { answer: " ", shot: "\n\n" },
                answerPrefix,
              };
              made.push(asked(prompt, form, system));
            }
  return made;
}

function asked(prompt: Prompt, form: string, system: string): [string, string][] {
  const { answerPrefix = "", delimiters } = prompt;
  const messages = chatMessages(prompt, { shotsAsTurns: form === "turns" }, system);
  const rendered = messages.map(({ role, content }) => `<${role}>${content}`).join("");
  const [context, delimiter] =
    form === "plain"
      ? [plainContext(prompt, system), delimiters.answer]
      : [rendered + answerPrefix, delimiterAfter(answerPrefix, delimiters.answer)];
  return ["2", "3"].map((choice) => [context, delimiter + choice]);
}

test("216 prompts are lm-evaluation-harness's", () => {
  const made = cases();
  expect(made.length).toBe(216);
  expect(createHash("sha1").update(JSON.stringify(made)).digest("hex")).toBe(
    "62e0da2024d1d3a2335a072205bc9429b694c4cb",
  );
});
