/** What holds for every operator on conversations. */
import { describe, expect, test } from "vitest";
import { assistant, user } from "../../../../data/testFiles.js";
import { randomNumbers } from "../../../../util/testRandom.js";
import { type CanonicalRow, isRejection } from "../../operator.js";
import { hostile, pieces, rowOf } from "../text/testRows.js";
import { conversationOperators } from "./index.js";

const marks = ["<eoh>", "<|im_end|>\n", "\n### Human: ", "[INST] ", "</s>", "{{name}}", "~~~\n"];

/** Conversations out of order, with empty messages, the same twice, and marks of templates. */
function randomRow(next: (limit: number) => number): CanonicalRow {
  const all = [...pieces, ...marks, "", "", "问题", "An answer. ", "回答，"];
  const text = () => Array.from({ length: next(5) }, () => all[next(all.length)]).join("");
  const messages = Array.from({ length: 1 + next(7) }, (_, turn) =>
    (next(8) === 0 ? turn % 2 === 1 : turn % 2 === 0) ? user(text()) : assistant(text()),
  );
  return { messages, rest: {} };
}

describe.each(conversationOperators.map((operator) => ({ name: operator.name, operator })))(
  "$name",
  ({ operator }) => {
    const run = operator.prepare(operator.options.parse({}));

    test("changes no row that it is given; twice is the same as once", async () => {
      const next = randomNumbers(5);
      for (let round = 0; round < 2000; round++) {
        const row = randomRow(next);
        const copy = structuredClone(row);
        const once = await run(row);
        expect(row).toEqual(copy);
        if (isRejection(once)) continue;
        expect(await run(once), JSON.stringify(row)).toEqual(once);
      }
    });

    /** Time that grows with the square of the length would be many minutes here. */
    test("no text is slow, and none is too long for an expression", {
      timeout: 60_000,
    }, async () => {
      const own = [...marks, "<s>", "http://", "```\n\n", "a\n\n\n", "\n\n```"];
      for (const piece of [...hostile, ...own]) {
        const length = own.includes(piece) ? 5e5 : 5e4;
        const text = piece.repeat(Math.ceil(length / piece.length));
        for (const answer of [text, `${text} x`, `x ${text}`]) await run(rowOf(answer, "q"));
      }
    });
  },
);
