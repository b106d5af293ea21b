/** One pass, and of its logits no more than what is wanted. */
import type { PageStorage } from "../../generate/index.js";
import { hiddenStates, logitsOf, type PreparedModel } from "../../models/index.js";
import { cat, type Tensor, tidy, upload } from "../../tensor/index.js";
import { runningSum } from "../../util/runningSum.js";
import type { Pass } from "./passes.js";
import { passGroup } from "./passGroup.js";
import type { Mark } from "./prefixTree.js";

/** Logits that are made at once, 64 MB in float32. */
const CHUNK_ELEMENTS = 2 ** 24;

/** What became of a mark. */
export interface MarkAnswer {
  mark: Mark;
  /** Natural logarithm of the token's probability. */
  logprob: number;
  /** Whether no other token is likelier. */
  greedy: boolean;
}

/** Rows of the pass from which something is wanted, each once, with the marks of each. */
function markedRows({ marks }: Pass): { rows: Int32Array; marksOf: Mark[][] } {
  const byRow = new Map<number, Mark[]>();
  for (const { row, mark } of marks) {
    const known = byRow.get(row);
    if (known) known.push(mark);
    else byRow.set(row, [mark]);
  }
  return { rows: Int32Array.from(byRow.keys()), marksOf: [...byRow.values()] };
}

/**
 * Computes a pass; where it holds its tokens, their keys and values are in `beginning` afterwards.
 *
 * @param longest tokens of the longest text
 */
export function answerPass(
  prepared: PreparedModel,
  beginning: PageStorage | null,
  pass: Pass,
  longest: number,
): MarkAnswer[] {
  const { rows, marksOf } = markedRows(pass);
  return tidy(() => {
    const { device } = prepared.model;
    const [ids, positions, marked] = uploadTogether([pass.ids, pass.positions, rows], device);
    const group = passGroup(prepared, beginning, pass, positions!, longest);
    const wanted = hiddenStates(prepared, ids!, group, marked!);
    const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / prepared.model.config.vocab_size));
    const answers: MarkAnswer[] = [];
    for (let at = 0; at < rows.length; at += chunk) {
      const own = marksOf.slice(at, at + chunk);
      answers.push(...tidy(() => readLogits(prepared, wanted.narrow(0, at, own.length), own)));
    }
    return answers;
  });
}

/** The logarithms in float32. @param hidden [m, dim] */
function readLogits(
  prepared: PreparedModel,
  hidden: Tensor,
  marksOf: readonly Mark[][],
): MarkAnswer[] {
  const logits = logitsOf(prepared, hidden).to({ dtype: "float32" }); // [m, vocab]
  const vocabulary = logits.size(1);
  const places = marksOf.flatMap((marks, row) =>
    marks.map(({ token }) => row * vocabulary + token),
  );
  const picked = logits.view([-1]).indexSelect(0, upload(Int32Array.from(places), logits.device));
  const best = logits.argmax(-1).to({ dtype: "int32" });
  const read = cat([picked, logits.logsumexp([-1]), best.viewDtype("float32")]);
  const bytes = read.to({ device: "cpu" }).bytes().slice();
  const floats = new Float32Array(bytes.buffer);
  const integers = new Int32Array(bytes.buffer);
  const sums = places.length;
  const bests = sums + marksOf.length;
  let at = 0;
  return marksOf.flatMap((marks, row) =>
    marks.map((mark) => ({
      mark,
      logprob: floats[at++]! - floats[sums + row]!,
      greedy: integers[bests + row] === mark.token,
    })),
  );
}

/** Several arrays by one upload. */
function uploadTogether(
  parts: readonly Int32Array[],
  device: Parameters<typeof upload>[1],
): Tensor[] {
  const starts = runningSum(parts.map(({ length }) => length));
  const flat = new Int32Array(starts.at(-1)!);
  parts.forEach((part, i) => {
    flat.set(part, starts[i]);
  });
  const uploaded = upload(flat, device);
  return parts.map(({ length }, i) => uploaded.narrow(0, starts[i]!, length));
}
