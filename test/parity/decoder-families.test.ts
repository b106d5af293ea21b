/** Batched decoding of every model family: transformers' greedy ids, whatever is computed beside them. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  createDecoder,
  type DecoderOptions,
  disposeDecoder,
  isIdle,
  step,
  submit,
  tokensOf,
} from "../../src/generate/index.js";
import { loadModel, modelTensors, prepareModel } from "../../src/models/index.js";
import { dispose, liveTensors } from "../../src/tensor/index.js";
import { fixture } from "./fixtures.js";

interface Case {
  name: string;
  greedy: { prompt_ids: number[]; output_ids: number[] };
}

const cases = ["families", "experts"].flatMap((topic) => {
  const read = JSON.parse(readFileSync(fixture(`${topic}/cases.json`), "utf8"));
  return (read as { cases: Case[] }).cases.map((one) => ({
    ...one,
    name: `${topic}/${one.name}`,
  }));
});

const layouts: (DecoderOptions & { title: string })[] = [
  { title: "together", rows: 8 },
  { title: "in pieces of prompts, some waiting", rows: 3, tokensPerStep: 7 },
];

it.each(cases.flatMap((one) => layouts.map((layout) => ({ ...one, layout }))))(
  "$name $layout.title",
  ({ name, greedy, layout }) => {
    const before = liveTensors();
    const model = loadModel(fixture(`${name}/model`), { dtype: "float32" });
    const prepared = prepareModel(model);
    const decoder = createDecoder(prepared, layout);
    const { prompt_ids: prompt, output_ids: output } = greedy;
    // Prompts that begin alike, the same one at another place, and shorter ones.
    const prompts = [
      prompt,
      prompt.slice(3),
      prompt,
      prompt.slice(0, 2),
      prompt.slice(0, -2),
      prompt,
    ];
    const answers = prompts.map((ids, i) => {
      const settings = { maxNewTokens: i === 3 ? 3 : output.length };
      const request = submit(decoder, { promptIds: Int32Array.from(ids), settings });
      expect(request).toBe(i);
      return [] as number[];
    });
    while (!isIdle(decoder)) {
      for (const { request, tokenId } of tokensOf(step(decoder))) answers[request]!.push(tokenId);
    }
    for (const i of [0, 2, 5]) expect(answers[i]).toEqual(output);
    expect(answers.map(({ length }) => length)).toEqual(
      prompts.map((_, i) => (i === 3 ? 3 : output.length)),
    );
    disposeDecoder(decoder);
    prepared.dispose();
    dispose(modelTensors(model));
    expect(liveTensors()).toBe(before);
  },
);
