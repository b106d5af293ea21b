import { describe, expect, it } from "vitest";
import { type Answer, newAnswer } from "../answers";
import {
  askedMessages,
  type Comparison,
  comparisonMarkdown,
  namesHidden,
  newComparison,
  rowsOf,
  shownOrder,
  shuffled,
  tallyOf,
  type Vote,
  withColumnAnswer,
  withTurn,
  withTurnChanged,
} from "./comparison";

const answerOf = (content: string): Answer => ({ ...newAnswer("m", 0), content, state: "done" });

function compared(reference: string | null = null): Comparison {
  let comparison: Comparison = { ...newComparison(["base", "tuned"]), system: "be brief" };
  for (const [i, question] of ["q1", "q2"].entries()) {
    comparison = withTurn(comparison, question, reference, () => 0);
    comparison = withColumnAnswer(comparison, i, 0, answerOf(`base ${i + 1}`));
    comparison = withColumnAnswer(comparison, i, 1, answerOf(`tuned ${i + 1}`));
  }
  return comparison;
}

const voted = (comparison: Comparison, turn: number, vote: Vote) =>
  withTurnChanged(comparison, turn, (before) => ({ ...before, vote }));
const asked = (comparison: Comparison, column: number) =>
  askedMessages(comparison, column, 1).map(({ content }) => content);

describe("a comparison", () => {
  it("asks with each model's own answers, or with the same for all", () => {
    const own = compared();
    expect(asked(own, 1)).toEqual(["be brief", "q1", "tuned 1", "q2"]);
    expect(asked({ ...own, history: "shared" }, 1)).toEqual(["be brief", "q1", "base 1", "q2"]);
    const script = compared("reference");
    expect(asked({ ...script, history: "shared" }, 0)).toEqual([
      "be brief",
      "q1",
      "reference",
      "q2",
    ]);
    expect(asked(script, 0)[2]).toBe("base 1");
  });

  it("leaves out turns without an answer", () => {
    expect(asked(withColumnAnswer(compared(), 0, 1, newAnswer("m", 0)), 1)).toEqual([
      "be brief",
      "q2",
    ]);
  });

  it("hides names until the vote, and then keeps the order that was voted on", () => {
    const blind = { ...compared(), blind: true };
    const [turn] = blind.turns;
    expect([namesHidden(blind, turn!), shownOrder(blind, turn!)]).toEqual([true, [1, 0]]);
    const after = voted(blind, 0, { kind: "tie", blind: true }).turns[0]!;
    expect([namesHidden(blind, after), shownOrder(blind, after)]).toEqual([false, [1, 0]]);
    expect(shownOrder({ blind: false }, turn!)).toEqual([0, 1]);
  });

  it("shuffles evenly", () => {
    const counts = [0, 0, 0];
    for (let i = 0; i < 3000; i++) counts[shuffled([0, 1, 2], Math.random)[0]!]!++;
    for (const count of counts) expect(count).toBeGreaterThan(850);
  });

  it("counts votes, and writes them beside rows of training data", () => {
    let comparison = voted(compared(), 0, { kind: "best", column: 1, blind: true });
    comparison = voted(comparison, 1, { kind: "bad", blind: false });
    expect(tallyOf(comparison)).toEqual({ wins: [0, 1], ties: 0, bad: 1, votes: 2, blind: 1 });
    const rows = rowsOf(comparison, comparison.models)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ model }) => model)).toEqual(["base", "tuned"]);
    expect(rows[0]).toMatchObject({
      messages: [
        { role: "system", content: "be brief" },
        { role: "user", content: "q1" },
        { role: "assistant", content: "base 1" },
        { role: "user" },
        { role: "assistant" },
      ],
      votes: [
        { turn: 1, verdict: "worse", blind: true },
        { turn: 2, verdict: "bad", blind: false },
      ],
    });
    const words = {
      ...{ title: "Comparison", system: "S", user: "You", assistant: "A", tool: "T" },
      ...{ best: (model: string) => `${model} is better`, tie: "tie", bad: "both bad" },
    };
    const text = comparisonMarkdown(comparison, comparison.models, words);
    expect(text).toContain(
      "# Comparison: base, tuned\n\n## 1\n\n**You**\n\nq1\n\n**base**\n\nbase 1",
    );
    expect(text).toContain("*tuned is better*");
  });
});
