/** Ids and log-likelihoods of lm-evaluation-harness's HF backend, as harness_pairs.py recorded them. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPromptEncoder, encodeRequests } from "../../src/eval/engine/encoding.js";
import { openEvalModel } from "../../src/eval/engine/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { loadTokenizer } from "../../src/text/index.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";
import { fixture } from "./fixtures.js";

type Pair = [context: string, continuation: string];

const recorded = JSON.parse(readFileSync(fixture("eval/pairs.json"), "utf8")) as {
  pairs: Pair[];
  encoded: Record<string, ([number[], number[]] | null)[]>;
  scores: { pairs: Pair[]; answers: [number, boolean][] };
};

const request = ([context, continuation]: Pair) => ({ context, continuation });

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "pairs-"));
});
afterAll(() => rmSync(work, { recursive: true }));

/** The tokenizer of a name; `+bos` puts its BOS before every text. */
function folderOf(name: string): string {
  if (name === "smollm2") return builtinModelPath();
  const source = fixture(`text/${name.replace("+bos", "")}`);
  if (!name.endsWith("+bos")) return source;
  const folder = join(work, name);
  cpSync(source, folder, { recursive: true });
  const path = join(folder, "tokenizer.json");
  const description = JSON.parse(readFileSync(path, "utf8"));
  const { bos_token: bos } = JSON.parse(
    readFileSync(join(folder, "tokenizer_config.json"), "utf8"),
  );
  const { id } = description.added_tokens.find((one: { content: string }) => one.content === bos);
  description.post_processor = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { [bos]: { id: bos, ids: [id], tokens: [bos] } },
  };
  writeFileSync(path, JSON.stringify(description));
  return folder;
}

const names = Object.keys(recorded.encoded).filter(
  (name) => name !== "smollm2" || existsSync(builtinModelPath()),
);

describe.each(names)("%s", (name) => {
  test("encodes contexts and continuations as the harness does", async () => {
    const encoder = await createPromptEncoder(await loadTokenizer(folderOf(name)));
    for (const [i, pair] of recorded.pairs.entries()) {
      const wanted = recorded.encoded[name]![i];
      const encoded = encodeRequests([request(pair)], encoder, 1000);
      if (!wanted) {
        await expect(encoded).rejects.toThrow("cannot be scored");
        continue;
      }
      const [{ ids, targets, cutTokens }] = (await encoded) as [Awaited<typeof encoded>[0]];
      const [context, continuation] = wanted;
      expect([...targets], JSON.stringify(pair)).toEqual(continuation);
      expect([...ids], JSON.stringify(pair)).toEqual([...context, ...continuation.slice(0, -1)]);
      expect(cutTokens).toBe(0);
    }
  });

  test("adds nothing to what a chat template wrote", async () => {
    const tokenizer = await loadTokenizer(folderOf(name));
    const encoder = await createPromptEncoder(tokenizer);
    const [rendered] = await encoder.encode([{ text: "Hi there", rendered: true }]);
    expect([...rendered!]).toEqual([...(await tokenizer.encode("Hi there"))]);
  });
});

test("a small model scores as in the harness, also what is too long for it", async () => {
  const directory = writeTestModel();
  const model = await openEvalModel(directory, { dtype: "float32" });
  const { pairs, answers } = recorded.scores;
  const scores = await model.loglikelihood(pairs.map(request));
  scores.forEach(({ logprob, greedy }, i) => {
    const [wanted, isGreedy] = answers[i]!;
    expect(Math.abs(logprob - wanted), JSON.stringify(pairs[i])).toBeLessThan(1e-4);
    expect(greedy).toBe(isGreedy);
  });
  expect(scores.map(({ cutTokens = 0 }) => cutTokens)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 18]);
  expect(model.maxLength).toBe(64);
  expect(model.renderChat, "a model without a chat template").toBeUndefined();
  expect(await model.countTokens("ab")).toBe(2);
  model.dispose();
  rmSync(directory, { recursive: true });
});
