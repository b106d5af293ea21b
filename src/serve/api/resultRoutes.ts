/** Routes of evaluations: the list, one in full, its questions, its report. */
import { notFound, type ServeApp, type ServeCall } from "../http/index.js";
import type { ResultList } from "../schema.js";
import { pageRoute, textParameter, wholeParameter, wordParameter } from "./route.js";
import type { Studio } from "./studio.js";

/** Questions of one answer. */
const mostQuestions = 50;

export function resultRoutes(app: ServeApp, { results }: Studio): void {
  const tag = "Results";
  pageRoute(
    app,
    { method: "get", path: "/api/results", tag, summary: "All evaluations" },
    async (c) => c.json({ results: await results.list() } satisfies ResultList),
  );
  pageRoute(
    app,
    { method: "get", path: "/api/results/{result}", tag, summary: "An evaluation in full" },
    async (c) => c.json(there(await results.detail(idOf(c), otherOf(c)))),
  );
  pageRoute(
    app,
    { method: "get", path: "/api/results/{result}/questions", tag, summary: "Its questions" },
    async (c) => {
      const questions = await results.questions(idOf(c), otherOf(c), {
        task: textParameter(c, "task"),
        metric: textParameter(c, "metric"),
        show: wordParameter(c, "show", ["all", "wrong", "gained", "lost"], "all"),
        offset: wholeParameter(c, "offset", 0),
        limit: wholeParameter(c, "limit", 20, { least: 1, most: mostQuestions }),
      });
      return c.json(there(questions));
    },
  );
  pageRoute(
    app,
    { method: "get", path: "/api/results/{result}/report", tag, summary: "Its report, as HTML" },
    async (c) => {
      const language = wordParameter(c, "language", ["en", "zh"], "en");
      return c.body(there(await results.report(idOf(c), otherOf(c), language)), 200, {
        "content-type": "text/html; charset=utf-8",
        "content-disposition": 'attachment; filename="report.html"',
      });
    },
  );
}

function idOf(c: ServeCall): string {
  return c.req.param("result") ?? "";
}

function otherOf(c: ServeCall): string | undefined {
  return textParameter(c, "with");
}

function there<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw notFound(
    "There is no such evaluation; it may have been moved or deleted",
    "result_not_found",
    "result",
  );
}
