/** Log-likelihoods of small models of every family against the logits of each text alone. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { expectNoLeak } from "../../../test/leak.js";
import {
  type CausalLanguageModel,
  forward,
  loadModel,
  modelTensors,
  prepareModel,
} from "../../models/index.js";
import { dispose, tidy } from "../../tensor/index.js";
import { randomNumbers } from "../../util/testRandom.js";
import type { EncodedRequest } from "./encoding.js";
import { scoreRequests } from "./loglikelihood.js";

const fixtures = fileURLToPath(new URL("../../../test/parity/fixtures/", import.meta.url));

const models = ["families", "experts"].flatMap((topic) =>
  readdirSync(`${fixtures}${topic}`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${topic}/${name}`),
);

/** Contexts that begin alike or not, some longer than the positions that rotations were made for. */
function makeRequests(vocabulary: number): EncodedRequest[] {
  const random = randomNumbers(11);
  const some = (count: number) => Array.from({ length: count }, () => random(vocabulary));
  const header = some(40);
  const questions = [some(3), some(7), some(5)].map((question) => [...header, ...question]);
  const contexts = [...questions, some(9), some(1), [...questions[0]!, ...some(6)], header];
  return contexts.flatMap((context) => {
    const choices = [some(1), some(1), some(3), some(4)];
    return choices.map((targets) => ({
      ids: Int32Array.from([...context, ...targets].slice(0, -1)),
      targets: Int32Array.from(targets),
      cutTokens: 0,
    }));
  });
}

/** By the logits of the whole text. */
function scoreAlone(model: CausalLanguageModel, { ids, targets }: EncodedRequest) {
  const rows = tidy(() => {
    const logits = forward(model, ids).narrow(0, ids.length - targets.length, targets.length);
    const wide = logits.to({ dtype: "float32" });
    return {
      logprobs: new Float32Array(wide.logSoftmax(-1).contiguous().bytes().slice().buffer),
      vocabulary: wide.size(1),
    };
  });
  let logprob = 0;
  let greedy = true;
  targets.forEach((token, i) => {
    const row = rows.logprobs.subarray(i * rows.vocabulary, (i + 1) * rows.vocabulary);
    logprob += row[token]!;
    greedy &&= row.every((value) => value <= row[token]!);
  });
  return { logprob, greedy };
}

describe.each(models)("%s", (name) => {
  test("scores are those of each text alone, whatever is shared", async () => {
    const model = loadModel(`${fixtures}${name}/model`, { dtype: "float32" });
    const prepared = prepareModel(model);
    const requests = makeRequests(model.config.vocab_size);
    const alone = requests.map((request) => scoreAlone(model, request));
    // The likeliest token of some contexts, so that not all answers are false.
    const greedy = alone.filter((one) => one.greedy).length;
    for (const passTokens of [1000, 24, 5]) {
      const told = new Set<number>();
      const scores = await scoreRequests(prepared, requests, {
        passTokens,
        onAnswer: (index) => told.add(index),
      });
      expect(told.size).toBe(requests.length);
      expect(scores.filter((one) => one.greedy).length).toBe(greedy);
      scores.forEach((score, i) => {
        expect(Math.abs(score.logprob - alone[i]!.logprob), `request ${i}`).toBeLessThan(1e-4);
        expect(score.greedy).toBe(alone[i]!.greedy);
      });
    }
    const reversed = await scoreRequests(prepared, [...requests].reverse(), { passTokens: 24 });
    reversed.reverse().forEach((score, i) => {
      expect(Math.abs(score.logprob - alone[i]!.logprob)).toBeLessThan(1e-4);
    });
    prepared.dispose();
    dispose(modelTensors(model));
  });
});

describe("scoring", () => {
  const open = () => {
    const model = loadModel(`${fixtures}families/llama/model`, { dtype: "float32" });
    return { model, prepared: prepareModel(model), requests: makeRequests(64) };
  };

  test("knows the greedy answer", async () => {
    const { model, prepared, requests } = open();
    const [request] = requests;
    const row = tidy(() => forward(model, request!.ids).narrow(0, request!.ids.length - 1, 1));
    const best = tidy(() => row.argmax(-1).item());
    row.dispose();
    const answers = await scoreRequests(prepared, [
      { ...request!, targets: Int32Array.of(best) },
      { ...request!, targets: Int32Array.of(best === 0 ? 1 : 0) },
    ]);
    expect(answers.map(({ greedy }) => greedy)).toEqual([true, false]);
    prepared.dispose();
    dispose(modelTensors(model));
  });

  test("frees what it makes, also where it is aborted", async () => {
    const { model, prepared, requests } = open();
    const few = requests.slice(0, 6);
    await expectNoLeak(() => scoreRequests(prepared, few, { passTokens: 16 }), {
      warmUp: 5,
      iterations: 20,
    });
    await expectNoLeak(
      async () => {
        const stop = new AbortController();
        const asked = scoreRequests(prepared, few, {
          passTokens: 16,
          signal: stop.signal,
          onAnswer: () => stop.abort(new Error("enough")),
        });
        await expect(asked).rejects.toThrow("enough");
      },
      { warmUp: 5, iterations: 20 },
    );
    prepared.dispose();
    dispose(modelTensors(model));
  });

  test("refuses to hold more than there is memory for", async () => {
    const { model, prepared, requests } = open();
    const huge = { ...prepared, model: { ...model, branches: [...model.branches] } };
    const [first] = huge.model.branches;
    const attention = { ...first!.attention!, keyHeads: 2 ** 40 };
    huge.model.branches[0] = { ...first!, attention };
    await expect(scoreRequests(huge, requests, { passTokens: 24 })).rejects.toThrow(
      /no memory for prompts of \d+ tokens/,
    );
    prepared.dispose();
    dispose(modelTensors(model));
  });

  test("says how much of a text was cut", async () => {
    const { model, prepared, requests } = open();
    const [answer] = await scoreRequests(prepared, [{ ...requests[0]!, cutTokens: 3 }]);
    expect(answer!.cutTokens).toBe(3);
    prepared.dispose();
    dispose(modelTensors(model));
  });
});
