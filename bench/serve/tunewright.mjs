// Tunewright's decoder as a side of bench/serve: loads a model once, then does what each line of stdin asks.
//
//     node bench/serve/tunewright.mjs MODEL float32|bfloat16 stored|dense
import { readFileSync } from "node:fs";
import {
  createDecoder,
  disposeDecoder,
  isIdle,
  loadChatModel,
  step,
  submit,
  tokensOf,
} from "../../dist/generate/index.js";
import { prepareModel } from "../../dist/models/index.js";
import { observedOperators, observeOperators, randn, tidy } from "../../dist/tensor/index.js";
import { answerAll } from "../askedSide.mjs";

const [name, dtype, form] = process.argv.slice(2);
const chat = await loadChatModel(name, { dtype, asStored: form === "stored" });
const prepared = prepareModel(chat.model);

/** Greedy answers of prompts that come together, and when the first token came. */
function decode(decoder, prompts, maxNewTokens) {
  const answers = new Map();
  const started = performance.now();
  const before = process.cpuUsage();
  for (const prompt of prompts) {
    const settings = { temperature: 0, maxNewTokens };
    answers.set(submit(decoder, { promptIds: Int32Array.from(prompt), settings }), []);
  }
  let first = 0;
  let steps = 0;
  while (!isIdle(decoder)) {
    const tokens = tokensOf(step(decoder));
    steps++;
    if (tokens.length > 0) first ||= (performance.now() - started) / 1000;
    for (const { request, tokenId } of tokens) answers.get(request).push(tokenId);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  return { seconds, cpuSeconds, first, steps, ids: [...answers.values()] };
}

function withDecoder(body) {
  const decoder = createDecoder(prepared);
  try {
    return body(decoder);
  } finally {
    disposeDecoder(decoder);
  }
}

const tasks = {
  /** Prompts out of a text that everybody has. */
  async prompts({ count, length }) {
    const text = readFileSync(new URL("../../LICENSE", import.meta.url), "utf8");
    const ids = Array.from(await chat.tokenizer.encode(text));
    return Array.from({ length: count }, (_, i) => ids.slice(i * length, (i + 1) * length));
  },
  decode: ({ prompts, tokens }) => withDecoder((decoder) => decode(decoder, prompts, tokens)),
  /** A second turn after a long first one: it reads only what is new. */
  turns: ({ prompts: [first, second], tokens }) =>
    withDecoder((decoder) => {
      const before = decode(decoder, [first], tokens);
      const after = decode(decoder, [[...first, ...before.ids[0], ...second]], tokens);
      return [before.first, after.first];
    }),
  /** Bytes a second at which the threads read memory, the best of some tries. */
  bandwidth() {
    return tidy(() => {
      const numbers = randn([2 ** 26]);
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 8; i++) {
        const started = performance.now();
        tidy(() => void numbers.amax([0]));
        best = Math.min(best, (performance.now() - started) / 1000);
      }
      return numbers.nbytes / best;
    });
  },
  /** Bytes of weights that a step with one token reads. */
  bytes() {
    const { branches, output } = chat.model;
    const head = output.stored?.rows.map(({ tensor }) => tensor) ?? [output.weight.tensor];
    const layers = branches.flatMap(({ linears }) =>
      Object.values(linears).flatMap((linear) => linear.tensors()),
    );
    return [...layers, ...head].reduce((sum, { nbytes }) => sum + nbytes, 0);
  },
  /** Operators of one step, and their own milliseconds. */
  profile: ({ prompts }) =>
    withDecoder((decoder) => {
      for (const prompt of prompts) {
        const settings = { temperature: 0, maxNewTokens: 20 };
        submit(decoder, { promptIds: Int32Array.from(prompt), settings });
      }
      for (let i = 0; i < 5; i++) step(decoder);
      observeOperators("time");
      for (let i = 0; i < 5; i++) step(decoder);
      const operators = observedOperators();
      observeOperators("off");
      return operators
        .map(({ name: operator, calls, seconds }) => [operator, calls / 5, (seconds * 1000) / 5])
        .sort((a, b) => b[2] - a[2]);
    }),
};

await answerAll(({ task, ...request }) => tasks[task](request));
