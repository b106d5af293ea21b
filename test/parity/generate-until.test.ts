/** Answers of the built-in model against lm-evaluation-harness's, whatever they are generated beside. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evalModelOf } from "../../src/eval/engine/index.js";
import type { GenerationRequest } from "../../src/eval/types.js";
import { type ChatModel, disposeChatModel, loadChatModel } from "../../src/generate/index.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { readGeneration } from "./greedyCases.js";

const present = existsSync(builtinModelPath());
if (!present) console.warn("skipped: the built-in model is not set up (./tunewright setup)");

interface Case extends GenerationRequest {
  answer: string;
}

describe.skipIf(!present)("answers of the built-in model in float32", () => {
  const { cases, cut, max_length } = readGeneration<{
    cases: Case[];
    cut: Case[];
    max_length: number;
  }>("generate_until.json");
  let chat: ChatModel;
  beforeAll(async () => {
    chat = await loadChatModel(builtinModelName, { dtype: "float32" });
  });
  afterAll(() => disposeChatModel(chat));

  it("are lm-evaluation-harness's, alone and together", async () => {
    const model = await evalModelOf(chat);
    const expected = cases.map(({ answer }) => answer);
    expect(await model.generateUntil(cases)).toEqual(expected);
    for (const i of [2, 5, 8, 10]) {
      expect(await model.generateUntil([cases[i]!])).toEqual([expected[i]]);
    }
    model.dispose();
  });

  it("are so where the beginning of a prompt is cut", async () => {
    const model = await evalModelOf(chat, { maxLength: max_length });
    expect(await model.generateUntil(cut)).toEqual(cut.map(({ answer }) => answer));
    model.dispose();
  });
});
