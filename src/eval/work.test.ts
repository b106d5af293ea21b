import { expect, test } from "vitest";
import type { Question } from "./questions.js";
import type { Task } from "./types.js";
import { workOfQuestions } from "./work.js";

const questions = (contexts: string[]) =>
  contexts.map((context, index): Question => {
    const delimiters = { answer: " ", shot: "" };
    const prompt = { description: "", shots: [], question: context, delimiters };
    return { index, doc: undefined, prompt, context, delimiter: " ", rendered: false };
  });

test("a beginning that prompts share is work once, in bytes", () => {
  const task = { kind: "loglikelihood", choices: () => ["A", "B"] } as unknown as Task;
  const asked = questions(["header two", "header one", "中文"]);
  expect(workOfQuestions(task, asked).map(({ scoring }) => scoring)).toEqual([5, 12, 8]);
});

test("an answer counts by its longest length", () => {
  const task = { kind: "generation", maxNewTokens: 2, repeats: 3 } as unknown as Task;
  expect(workOfQuestions(task, questions(["ab"]))).toEqual([
    { scoring: 0, generating: 2 + 6 * 32 },
  ]);
});
