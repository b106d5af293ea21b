/** The real files that the project is tested with, where the machine has them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatTemplate,
  loadTokenizer,
  resolveChatTemplate,
  type Tokenizer,
} from "../text/index.js";
import { builtinModelName, builtinModelPath } from "../util/builtin-model.js";
import { openConversations } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { surveyRows } from "./survey.js";
import { sharedConversations, testFolder } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";

const there = existsSync(sharedConversations);
const why = there ? "" : ` (skipped: ${sharedConversations} is not there)`;
const file = (name: string) => join(sharedConversations, name);
const noTools = file("moss-003-sft-no-tools.sample.jsonl");
const withTools = file("moss-003-sft-with-tools.sample.jsonl");
const firefly = file("firefly-moss.sample.jsonl");

const folder = testFolder();
afterAll(() => folder.remove());

/** Rows of a MOSS file, read without our reader. */
const rawRows = (path: string): { chat: Record<string, Record<string, string>> }[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe.skipIf(!there)(`real conversations${why}`, () => {
  test("every MOSS turn is read, and nothing but marks, None and outer spaces is gone", async () => {
    for (const path of [noTools, withTools]) {
      const source = await openConversations([path]);
      expect(source.files[0]!.format).toBe("moss");
      for (const [row, { chat }] of rawRows(path).entries()) {
        const { messages } = await source.read(row);
        const bare = (text: string) =>
          text.replace(/<\|[A-Z][A-Za-z ]+\|>:|<eo[a-z]>|None|\s/g, "");
        const fields = Object.values(chat).flatMap((turn) => Object.values(turn));
        expect(messages.map(({ content }) => bare(content)).join("")).toBe(bare(fields.join("")));
      }
      await source.close();
    }
  });

  test("tool turns become assistant, tool, assistant", async () => {
    const source = await openConversations([withTools]);
    const roles = new Map<string, number>();
    for (let row = 0; row < source.rows; row++) {
      const { messages } = await source.read(row);
      messages.forEach(({ role }, index) => {
        const pair = `${messages[index - 1]?.role} ${role}`;
        roles.set(pair, (roles.get(pair) ?? 0) + 1);
      });
    }
    await source.close();
    expect(Object.fromEntries(roles)).toEqual({
      "undefined user": 200,
      "user assistant": 500,
      "assistant tool": 461,
      "tool assistant": 461,
      "assistant user": 300,
    });
  });

  test("every file converts, or is refused with the right reason", async () => {
    const results: Record<string, string> = {};
    for (const name of readdirSync(sharedConversations).filter((one) => /\.jsonl?$/.test(one))) {
      const result = convertFiles([file(name)], folder.path("out.jsonl"));
      results[name] = await result.then(
        ({ rowsIn, rowsOut }) => `${rowsOut} of ${rowsIn}`,
        (error) => error.why,
      );
    }
    expect(results).toEqual({
      "alpaca_en_demo.json": "999 of 999",
      "alpaca_zh_demo.json": "1000 of 1000",
      "c4_demo.jsonl": "its rows have the keys text, which are plain text and not conversations",
      "dpo_zh_demo.json":
        "its rows have the keys conversations, chosen, rejected, which are preference pairs: they " +
        "are for preference training, not for this",
      "firefly-moss.sample.jsonl": "33 of 33",
      "glaive_toolcall_en_demo.json": "300 of 300",
      "identity.json": "91 of 91",
      "moss-003-sft-no-tools.sample.jsonl": "600 of 600",
      "moss-003-sft-with-tools.sample.jsonl": "200 of 200",
    });
  });

  describe.skipIf(!existsSync(builtinModelPath()))("with the built-in model's tokenizer", () => {
    let tokenizer: Tokenizer;
    let template: ChatTemplate;
    beforeAll(async () => {
      tokenizer = await loadTokenizer(builtinModelName);
      template = resolveChatTemplate(undefined, tokenizer);
    });

    test("the 600 conversations can all be trained on, as often as an epoch says", async () => {
      const data = await openTrainingData({
        ...{ files: [noTools], tokenizer, template, embeddingRows: tokenizer.vocabSize },
        ...{ maxSeqLength: 1024, batchSize: 16, seed: 42 },
      });
      const lines = new Set<number>();
      let tokens = 0;
      for (let number = 0; number < data.microBatchesPerEpoch; number++) {
        const batch = await data.microBatch(number);
        for (const { source } of batch.sequences) lines.add(source.line);
        tokens += batch.tokens;
      }
      await data.close();
      expect(lines.size).toBe(600);
      expect(tokens).toBe(575_702);
    });

    test("calls that its template would lose are refused: every row with tools, no other", async () => {
      const path = file("glaive_toolcall_en_demo.json");
      const source = await openConversations([path]);
      const survey = await surveyRows(source, { tokenizer, template });
      let withTools = 0;
      for (let row = 0; row < source.rows; row++) {
        const { tools, messages } = await source.read(row);
        if (tools || messages.some((message) => message.tool_calls)) withTools++;
      }
      await source.close();
      expect(survey.badRows).toBe(withTools);
      expect(survey.problems[0]!.error.message).toMatch(/:2: chat template tokenizer leaves out/);
    });

    test("Firefly's sample", async () => {
      const source = await openConversations([firefly]);
      const survey = await surveyRows(source, { tokenizer, template, maxSeqLength: 1024 });
      await source.close();
      expect(survey).toMatchObject({ rows: 33, badRows: 0, truncatedRows: 33, tokens: 33 * 1024 });
    });
  });
});
