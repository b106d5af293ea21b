/** The real files that the project is tested with, where the machine has them. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatTemplate,
  loadTokenizer,
  type OverLength,
  resolveChatTemplate,
  type Tokenizer,
} from "../text/index.js";
import { builtinModelName, builtinModelPath } from "../util/builtin-model.js";
import { openConversations, type SourceOptions } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { encodeRows } from "./encodeRows.js";
import { type MossPart, mossParts } from "./formats/format.js";
import { type SurveyOptions, surveyRows } from "./survey.js";
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

  test("every file converts to the canonical format of its kind, and from there to itself", async () => {
    const results: Record<string, string> = {};
    const [once, twice] = [folder.path("once.jsonl"), folder.path("twice.jsonl")];
    for (const name of readdirSync(sharedConversations).filter((one) => /\.jsonl?$/.test(one))) {
      const { rowsIn, rowsOut } = await convertFiles([file(name)], once);
      const kind = Object.keys(JSON.parse(readFileSync(once, "utf8").split("\n")[0]!));
      results[name] = `${rowsOut} of ${rowsIn}: ${kind.filter((key) => key !== "id")}`;
      await convertFiles([once], twice);
      expect(readFileSync(twice).equals(readFileSync(once))).toBe(true);
    }
    expect(results).toEqual({
      "alpaca_en_demo.json": "999 of 999: messages",
      "alpaca_zh_demo.json": "1000 of 1000: messages",
      "c4_demo.jsonl": "300 of 300: text",
      "dpo_zh_demo.json": "300 of 300: prompt,chosen,rejected",
      "firefly-moss.sample.jsonl": "33 of 33: messages,category,dataset",
      "glaive_toolcall_en_demo.json": "300 of 300: messages,tools",
      "identity.json": "91 of 91: messages",
      "moss-003-sft-no-tools.sample.jsonl": "600 of 600: messages,category",
      "moss-003-sft-with-tools.sample.jsonl": "200 of 200: messages,category",
    });
  });

  test.each([
    [noTools, "moss", "600 of 600"],
    [noTools, "firefly", "600 of 600"],
    [noTools, "alpaca", "600 of 600"],
    [withTools, "moss", "200 of 200"],
    [withTools, "sharegpt", "200 of 200"],
    [withTools, "firefly", "0 of 200"],
    [file("glaive_toolcall_en_demo.json"), "sharegpt", "300 of 300"],
    [file("glaive_toolcall_en_demo.json"), "prompt_completion", "75 of 300"],
    [file("alpaca_zh_demo.json"), "prompt_completion", "1000 of 1000"],
    [file("dpo_zh_demo.json"), "messages", "0 of 300"],
    [file("c4_demo.jsonl"), "messages", "0 of 300"],
  ])("%s written as %s comes back as it was: %s", async (path, to, written) => {
    const [there, back, canonical] = ["there", "back", "canonical"].map((name) =>
      folder.path(name),
    );
    const options = { mossMetaInstruction: true };
    const { rowsIn, rowsOut } = await convertFiles([path], there!, { ...options, to });
    expect(`${rowsOut} of ${rowsIn}`).toBe(written);
    if (rowsOut < rowsIn) return;
    await convertFiles([there!], back!, { ...options, format: to });
    await convertFiles([path], canonical!, options);
    expect(isDeepStrictEqual(rawRows(back!), rawRows(canonical!))).toBe(true);
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
        files: [noTools],
        tokenizer,
        template,
        embeddingRows: tokenizer.vocabSize,
        maxSeqLength: 1024,
        batchSize: 16,
        seed: 42,
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

    const survey = async (path: string, options: SourceOptions & Partial<SurveyOptions>) => {
      const source = await openConversations([path], options);
      try {
        return await surveyRows(source, { tokenizer, template, ...options });
      } finally {
        await source.close();
      }
    };

    test("Firefly's sample, each row longer than a sequence: cut, cut at a turn, split, dropped", async () => {
      const found = async (overLength: OverLength) => {
        const counted = await survey(firefly, { maxSeqLength: 1024, overLength });
        const { badRows, truncatedRows, tokens, sequences, droppedRows } = counted;
        return { badRows, truncatedRows, tokens, sequences, droppedRows };
      };
      const cut = { badRows: 0, truncatedRows: 33, sequences: 33, droppedRows: 0 };
      expect(await found("cut")).toEqual({ ...cut, tokens: 33 * 1024 });
      const whole = await found("cut_turn");
      expect(whole).toEqual({ ...cut, tokens: expect.any(Number) });
      expect(whole.tokens).toBeLessThan(33 * 1024);
      expect(whole.tokens).toBeGreaterThan(33 * 512);
      const split = await found("split");
      expect(split).toMatchObject({ badRows: 0, droppedRows: 0 });
      expect(split.tokens).toBeGreaterThan(2 * whole.tokens);
      expect(await found("drop")).toMatchObject({ sequences: 0, droppedRows: 33 });
    });

    test("what is learnt of MOSS's turns adds up over their parts", async () => {
      const learnt = async (...mossLearn: MossPart[]) =>
        (await survey(withTools, { mossLearn })).labelledTokens;
      const all = await learnt(...mossParts);
      const alone = [];
      for (const part of mossParts) {
        if (part === "human") continue;
        alone.push(await learnt(part));
      }
      const human = await survey(withTools, { mossLearn: ["human", "answers"] });
      const questions = human.labelledTokens - alone.at(-1)!;
      expect(Math.min(...alone, questions)).toBeGreaterThan(5000);
      expect(alone.reduce((sum, tokens) => sum + tokens, questions)).toBe(all);
    });

    test("plain text has the ids that transformers gives, with the end token", async () => {
      const source = await openConversations([file("c4_demo.jsonl")]);
      const rows = Array.from({ length: source.rows }, (_, row) => row);
      const results = await encodeRows(source, rows, { tokenizer, template });
      await source.close();
      const ids = results.flatMap((result) =>
        result.ok ? result.encoded.flatMap(({ inputIds }) => [...inputIds]) : [],
      );
      // Of tok(text)["input_ids"] + [tok.eos_token_id] for each row, by transformers 5.23.
      expect(ids).toHaveLength(166_738);
      const hash = createHash("sha256").update(Int32Array.from(ids)).digest("hex");
      expect(hash).toBe("2ba85de24252fd07b9d10657a138c8e672899888734ce8bb35f577fc1051c2df");
      const pieces = await survey(file("c4_demo.jsonl"), { maxSeqLength: 512 });
      expect(pieces).toMatchObject({ badRows: 0, sequences: 503, tokensCut: 0 });
    });

    test("preference pairs are refused with the reason, and placeholders are noticed", async () => {
      const pairs = await survey(file("dpo_zh_demo.json"), { maxSeqLength: 512 });
      expect(pairs.badRows).toBe(300);
      expect(pairs.problems[0]!.error.message).toMatch(
        /:2: a preference pair cannot be used for supervised fine-tuning/,
      );
      const placeholders = { name: "小助手", author: "us" };
      const identity = file("identity.json");
      expect((await survey(identity, {})).placeholders).toEqual({ name: 77, author: 60 });
      expect((await survey(identity, { placeholders })).placeholders).toEqual({});
    });
  });
});
