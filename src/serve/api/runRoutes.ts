/** Routes of runs: lists, curves, the rows of a step, start, stop, resume. */
import { basename, join } from "node:path";
import { z } from "@hono/zod-openapi";
import { axes } from "../../tracking/runs/index.js";
import { listCheckpoints } from "../../train/checkpoint/index.js";
import { isConfigKey, keySchemas } from "../../train/config/index.js";
import type { SpikeEvent } from "../../train/events/index.js";
import { resumeRules } from "../../train/resume/rules/index.js";
import { readRows, rowAt } from "../data/index.js";
import {
  describeForm,
  givenValues,
  requestValues,
  resolveValues,
  serverKeys,
} from "../form/index.js";
import {
  badRequest,
  HttpError,
  notFound,
  readJson,
  type ServeApp,
  type ServeCall,
} from "../http/index.js";
import { pathId } from "../pathId.js";
import { actionsOf, curvesOfRun, describeDetail, differenceOf } from "../runs/index.js";
import type {
  ConfigRequest,
  ResumeForm,
  RunDetail,
  RunList,
  RunSummary,
  StepRow,
  StepRows,
} from "../schema.js";
import { pageRoute, wholeParameter, wordParameter } from "./route.js";
import type { Studio } from "./studio.js";

const resumeRequest = z
  .strictObject({ changes: z.record(z.string(), z.unknown()).optional() })
  .openapi("ResumeRequest");

/** Points of a curve that a client may ask for. */
const mostPoints = 20_000;

export function runRoutes(app: ServeApp, studio: Studio): void {
  const { runs, context, tables } = studio;
  const path = "/api/runs/{run}";
  pageRoute(
    app,
    { method: "get", path: "/api/runs", tag: "Runs", summary: "All runs" },
    async (c) =>
      c.json({ runs: await runs.list(), roots: [...context.runRoots] } satisfies RunList),
  );
  pageRoute(app, { method: "get", path, tag: "Runs", summary: "A run in full" }, async (c) =>
    c.json(await detailOf(c, studio)),
  );
  pageRoute(
    app,
    { method: "get", path: `${path}/curves`, tag: "Runs", summary: "Its curves, thinned" },
    async (c) => {
      const axis = wordParameter(c, "axis", axes, "step");
      const points = wholeParameter(c, "points", 1000, { least: 10, most: mostPoints });
      const log = await runs.log(await directoryOf(c, studio));
      return c.json(await curvesOfRun(log, axis, points));
    },
  );
  pageRoute(
    app,
    { method: "get", path: `${path}/rows`, tag: "Runs", summary: "The rows of a step" },
    async (c) => c.json(await rowsOf(c, studio)),
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/difference`,
      tag: "Runs",
      summary: "What is configured otherwise in another run",
    },
    async (c) => {
      const other = await runs.directoryOf(c.req.query("with") ?? "");
      if (other === undefined) throw unknownRun("with");
      return c.json(differenceOf(await directoryOf(c, studio), other));
    },
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/duplicate`,
      tag: "Runs",
      summary: "Its configuration as a request",
    },
    async (c) => c.json(await duplicateOf(c, studio)),
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/resume`,
      tag: "Runs",
      summary: "What may change when it goes on",
    },
    async (c) => {
      const directory = await directoryOf(c, studio);
      const form = describeForm(mayChange);
      const own = requestValues(givenValues(directory), tables);
      const values = Object.entries(own).filter(([key]) => isConfigKey(key) && mayChange(key));
      const from_step = listCheckpoints(directory)[0]?.step ?? null;
      return c.json({
        ...form,
        from_step,
        values: Object.fromEntries(values),
      } satisfies ResumeForm);
    },
  );
  pageRoute(
    app,
    {
      method: "post",
      path: `${path}/resume`,
      tag: "Runs",
      summary: "Lets it go on",
      body: resumeRequest,
    },
    async (c) => c.json(await resumeRun(c, studio), 202),
  );
  pageRoute(
    app,
    { method: "post", path: `${path}/stop`, tag: "Runs", summary: "Has it save and end" },
    async (c) => {
      const directory = await directoryOf(c, studio);
      const { possible, reason } = actionsOf(directory, await summaryOf(directory, studio)).stop;
      // A run that has just begun holds no lock yet; its process is known.
      if (!studio.queue.stop(directory)) {
        throw new HttpError(409, possible ? "Its process cannot be reached" : (reason ?? ""), {
          code: "not_possible",
        });
      }
      return c.json({ stopping: true }, 202);
    },
  );
}

/** The directory of the run that a request names. @throws HttpError 404 */
export async function directoryOf(c: ServeCall, { runs }: Studio): Promise<string> {
  const directory = await runs.directoryOf(c.req.param("run") ?? "");
  if (directory === undefined) throw unknownRun("run");
  return directory;
}

function unknownRun(param: string): HttpError {
  return notFound(
    "There is no such run; it may have been moved or deleted",
    "run_not_found",
    param,
  );
}

async function summaryOf(directory: string, { runs }: Studio): Promise<RunSummary> {
  const summary = await runs.summary(directory);
  if (!summary) throw unknownRun("run");
  return summary;
}

async function detailOf(c: ServeCall, studio: Studio): Promise<RunDetail> {
  const directory = await directoryOf(c, studio);
  const summary = await summaryOf(directory, studio);
  const log = await studio.runs.log(directory);
  const { catalogue } = studio.context;
  return describeDetail(summary, log, {
    catalogueOf(step) {
      const id = pathId(join(directory, `checkpoint-${step}`));
      return catalogue.find(id) ? id : null;
    },
    evaluations: await studio.results.ofRun(summary.id),
  });
}

async function rowsOf(c: ServeCall, studio: Studio): Promise<StepRows> {
  const { runs, files } = studio;
  const step = wholeParameter(c, "step", -1);
  if (step < 0) throw badRequest("step: the number of a step is expected", "step");
  const log = await runs.log(await directoryOf(c, studio));
  const rows = log.rows.get(step);
  if (!rows) {
    throw notFound(
      `The rows of step ${step} were not kept: a run keeps those of spikes and of steps that are not finite`,
      "rows_not_kept",
      "step",
    );
  }
  await files.list();
  return { step, rows: await Promise.all(rows.map((row) => stepRow(row, studio))) };
}

async function stepRow(
  { file, line, loss, labelled_tokens }: SpikeEvent["rows"][number],
  { files, openFiles }: Studio,
): Promise<StepRow> {
  const data = files.idAt(file) ?? null;
  const found = data === null ? unfound : await placeOf(file, line, openFiles);
  return {
    file: basename(file),
    line,
    loss: Number.isFinite(loss) ? loss : null,
    labelled_tokens,
    data,
    ...found,
  };
}

const unfound = { row: null, preview: null };

/** Characters of a row that are shown beside its loss. */
const previewCharacters = 200;

/** The number of the row on a line, and its beginning; nothing where the file has changed or cannot be read. */
async function placeOf(
  file: string,
  line: number,
  openFiles: Studio["openFiles"],
): Promise<Pick<StepRow, "row" | "preview">> {
  try {
    return await openFiles.use(file, async (source) => {
      const row = rowAt(source, line);
      if (row === undefined) return unfound;
      const [shown] = await readRows(source, [row]);
      const text = shown?.messages?.find(({ role }) => role === "user")?.content;
      return { row, preview: (text ?? JSON.stringify(shown?.fields)).slice(0, previewCharacters) };
    });
  } catch {
    return unfound;
  }
}

async function duplicateOf(c: ServeCall, studio: Studio): Promise<ConfigRequest> {
  const directory = await directoryOf(c, studio);
  const [summary] = [await summaryOf(directory, studio), await studio.files.list()];
  const taken = new Set((await studio.runs.list()).map(({ name }) => name));
  let name = `${summary.name.replace(/-\d+$/, "").slice(0, 70)}-2`;
  for (let i = 3; taken.has(name); i++) name = name.replace(/-\d+$/, `-${i}`);
  return { name, values: requestValues(givenValues(directory), studio.tables), from: summary.id };
}

/** Keys that a resumed run may have other values of. */
function mayChange(key: keyof typeof resumeRules): boolean {
  const { kind } = resumeRules[key];
  return kind !== "fixed" && kind !== "kept" && kind !== "content" && !serverKeys.has(key);
}

async function resumeRun(c: ServeCall, studio: Studio) {
  const { changes = {} } = await readJson(c, resumeRequest);
  const directory = await directoryOf(c, studio);
  const summary = await summaryOf(directory, studio);
  const { possible, reason } = actionsOf(directory, summary).resume;
  if (!possible) throw new HttpError(409, reason ?? "", { code: "not_possible" });
  for (const key of Object.keys(changes)) refuseChange(key);
  await studio.files.list();
  const given = Object.entries(givenValues(directory)).filter(
    ([key]) => key !== "overwrite_output_dir" && !(key in changes),
  );
  const isData = Object.keys(changes).some(
    (key) => isConfigKey(key) && resumeRules[key].kind === "data",
  );
  const config = {
    ...Object.fromEntries(given),
    ...resolveValues(changes, studio.tables),
    ...(isData ? { resume_changes: "all" } : {}),
    output_dir: directory,
    resume_from_checkpoint: true,
  };
  const job = {
    name: summary.name,
    kind: "resume" as const,
    directory,
    values: changes,
    config,
    now: true,
  };
  return studio.queue.add([job])[0];
}

function refuseChange(key: string): void {
  const param = `changes.${key.slice(0, 80)}`;
  if (!isConfigKey(key) || !(key in keySchemas))
    throw badRequest(`${param}: there is no such key`, param);
  if (mayChange(key)) return;
  const rule = resumeRules[key];
  const why = "because" in rule ? rule.because : "the run goes on with what it began with";
  throw badRequest(`${param}: it cannot change when a run goes on: ${why}`, param);
}
