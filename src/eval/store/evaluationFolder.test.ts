import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Sample } from "../samples.js";
import { clearEvaluation, finishedResults, modelIdentity, openEvaluationFolder } from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evaluation-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const settings = { model: "m", tasks: ["quiz"], limit: null };
const request = { context: "1 + 1 =", continuation: " 2" };
const answer = { logprob: -0.1 - 0.2, greedy: true };
const answersFile = () => join(folder, "answers.jsonl");

function keep(identity: string): void {
  const opened = openEvaluationFolder(folder, settings);
  opened.storeOf(identity).put(request, answer);
  opened.close();
}

test("answers outlive the process, for the same model and request only", () => {
  keep("one");
  const again = openEvaluationFolder(folder, settings);
  expect(again.kept).toBe(1);
  expect(again.storeOf("one").get({ continuation: " 2", context: "1 + 1 =" })).toEqual(answer);
  expect(again.storeOf("two").get(request)).toBeUndefined();
  expect(again.storeOf("one").get({ ...request, rendered: true })).toBeUndefined();
  again.close();
});

test("a torn last line is dropped, and the next line stands by itself", () => {
  keep("one");
  appendFileSync(answersFile(), '{"key":"abc","answ');
  const again = openEvaluationFolder(folder, settings);
  expect([again.kept, again.dropped]).toEqual([1, 1]);
  again.storeOf("two").put(request, answer);
  again.close();
  const third = openEvaluationFolder(folder, settings);
  expect([third.kept, third.dropped]).toEqual([2, 0]);
  third.close();
});

test("an answer that JSON cannot hold is not kept", () => {
  const opened = openEvaluationFolder(folder, settings);
  opened.storeOf("one").put(request, { logprob: -Infinity, greedy: false });
  opened.close();
  expect(readFileSync(answersFile(), "utf8").trim().split("\n").length).toBe(1);
});

test("what is finished is given back for the same settings and refused for others", () => {
  expect(finishedResults(folder, settings)).toBeUndefined();
  const opened = openEvaluationFolder(folder, settings);
  opened.writeSamples("seed-1", "own/quiz", [{ doc_id: 0 } as Sample]);
  opened.finish({ results: {}, config: { ...settings, date: "today" } });
  opened.close();
  expect(existsSync(answersFile())).toBe(false);
  expect(readFileSync(join(folder, "seed-1", "samples_own_quiz.jsonl"), "utf8")).toBe(
    '{"doc_id":0}\n',
  );
  expect(finishedResults(folder, settings)).toMatchObject({ config: { date: "today" } });
  expect(() => finishedResults(folder, { ...settings, limit: 2 })).toThrow(/another evaluation/);
});

test("an evaluation that is begun is refused for other settings", () => {
  keep("one");
  expect(finishedResults(folder, settings)).toBeUndefined();
  expect(() => finishedResults(folder, { ...settings, tasks: ["other"] })).toThrow(
    expect.objectContaining({ why: 'tasks differs: tasks is ["quiz"] there, ["other"] here' }),
  );
});

test("only what an evaluation wrote is cleared; results of others are refused", () => {
  keep("one");
  writeFileSync(join(folder, "mine.txt"), "");
  writeFileSync(join(folder, "results.json"), "[]");
  expect(() => finishedResults(folder, settings)).toThrow(/not of an evaluation/);
  clearEvaluation(folder);
  expect(readdirSync(folder)).toEqual(["mine.txt"]);
});

test("a model is another one when a file of it, an adapter or its use changes", () => {
  const use = { path: folder, adapters: [], weights: [], settings: { dtype: "float32" } };
  writeFileSync(join(folder, "config.json"), "{}");
  const first = modelIdentity(use);
  writeFileSync(join(folder, "results.json"), "{}");
  writeFileSync(join(folder, "events.jsonl"), "{}");
  expect(modelIdentity(use)).toBe(first);
  const others = [
    modelIdentity({ ...use, settings: { dtype: "bfloat16" } }),
    modelIdentity({ ...use, adapters: [folder], weights: [1] }),
    modelIdentity({ ...use, adapters: [folder], weights: [0.5] }),
  ];
  utimesSync(join(folder, "config.json"), 1, 1);
  others.push(modelIdentity(use));
  expect(new Set([first, ...others]).size).toBe(5);
});
