import { expect, test } from "vitest";
import type { EvaluationProgress } from "../../eval/index.js";
import { createEvalProgress } from "./progress.js";

const work = (scoring: number) => ({ scoring, generating: 0 });

const at = (answered: number, more: Partial<EvaluationProgress> = {}): EvaluationProgress => ({
  task: "quiz",
  taskIndex: 0,
  taskCount: 2,
  answered,
  questions: 10,
  kind: "scoring",
  total: work(200),
  done: work(answered * 10),
  spared: work(0),
  ...more,
});

function shown(isTTY: boolean, count = 1) {
  let time = 0;
  const lines: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => lines.push(text) };
  const progress = createEvalProgress({ stream, count, now: () => time });
  return {
    lines,
    progress,
    to(seconds: number, state: EvaluationProgress) {
      time = seconds;
      progress.show(state);
    },
  };
}

test("a live line says task, place, speed and the time left by the work that is left", () => {
  const { lines, progress, to } = shown(true);
  progress.begin("");
  to(0, at(0));
  to(10, at(5));
  progress.close();
  expect(lines).toEqual(["\r\u001b[K[1/2] quiz 5/10, 0.5 questions/s, 0:30 left", "\r\u001b[K"]);
});

test("what an interrupted evaluation left takes no time", () => {
  const { lines, progress, to } = shown(true);
  progress.begin("");
  to(0, at(4, { spared: work(40), done: work(0) }));
  to(10, at(5, { spared: work(40), done: work(10) }));
  expect(lines.at(-1)).toContain("0.1 questions/s, 2:30 left");
});

test("evaluations that are still to come count", () => {
  const { lines, progress, to } = shown(true, 2);
  progress.begin("base");
  to(0, at(0));
  to(10, at(5));
  expect(lines.at(-1)).toContain("base: [1/2] quiz 5/10, 0.5 questions/s, 1:10 left");
  to(60, at(10, { done: work(200) }));
  progress.begin("tuned");
  to(60.1, at(0));
  to(70, at(1));
  expect(lines.at(-1)).toMatch(/tuned: .* left$/);
});

test("without a terminal there is a line a minute", () => {
  const { lines, progress, to } = shown(false);
  progress.begin("");
  for (let second = 0; second <= 130; second++) to(second, at(1));
  progress.close();
  expect(lines.length).toBe(2);
  expect(lines.every((line) => line.endsWith("\n"))).toBe(true);
});
