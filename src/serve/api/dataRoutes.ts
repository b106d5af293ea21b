/** Routes of data files: rows, tokens, packed rows, statistics, what was removed. */
import { builtinModelName } from "../../util/builtin-model.js";
import { type FoundFile, readRows, removedFile, removedRows, rowAt } from "../data/index.js";
import { errorText } from "../errorText.js";
import {
  badRequest,
  notFound,
  type ServeApp,
  type ServeCall,
  withoutPaths,
} from "../http/index.js";
import type { DataFileDetail, DataList, DataRows, RowTokens } from "../schema.js";
import type { TextChoice } from "../text/index.js";
import { pageRoute, textParameter, wholeParameter } from "./route.js";
import type { Studio } from "./studio.js";

/** Rows in one answer. */
const mostRows = 100;

/** Packed rows in one answer. */
const mostPacked = 64;

/** Tokens that a sequence may have here. */
const mostTokens = 1_000_000;

export function dataRoutes(app: ServeApp, studio: Studio): void {
  const { files, openFiles, context } = studio;
  const path = "/api/data/{file}";
  pageRoute(
    app,
    { method: "get", path: "/api/data", tag: "Data", summary: "All data files" },
    async (c) =>
      c.json({ files: await files.list(), roots: [...context.dataRoots] } satisfies DataList),
  );
  pageRoute(app, { method: "get", path, tag: "Data", summary: "A data file" }, async (c) =>
    c.json(await detailOf(await fileOf(c, studio), studio)),
  );
  pageRoute(
    app,
    { method: "get", path: `${path}/rows`, tag: "Data", summary: "Its rows, or those with a text" },
    async (c) => c.json(await rowsOf(c, await fileOf(c, studio), studio)),
  );
  pageRoute(
    app,
    { method: "get", path: `${path}/tokens`, tag: "Data", summary: "A row as training reads it" },
    async (c) => {
      const { path: place } = await fileOf(c, studio);
      const row = await rowNumber(c, place, studio);
      const text = textChoice(c, studio);
      const input = { path: place, text, row, maxLength: maxLength(c) };
      const { problem, ...tokens } = await studio.text.run("tokens", input);
      return c.json({ ...tokens, problem: problem && withoutPaths(problem) } satisfies RowTokens);
    },
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/untrained`,
      tag: "Data",
      summary: "The next row of which nothing is trained",
    },
    async (c) => {
      const { path: place } = await fileOf(c, studio);
      const after = c.req.query("after") === "-1" ? -1 : wholeParameter(c, "after", 0);
      const text = textChoice(c, studio);
      return c.json(
        await studio.text.run("untrained", { path: place, text, after, maxLength: maxLength(c) }),
      );
    },
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/packed`,
      tag: "Data",
      summary: "Rows as packing puts them together",
    },
    async (c) => {
      const { path: place } = await fileOf(c, studio);
      const input = {
        path: place,
        text: textChoice(c, studio),
        maxLength: maxLength(c) ?? 1024,
        offset: wholeParameter(c, "offset", 0),
        limit: wholeParameter(c, "limit", 16, { least: 1, most: mostPacked }),
      };
      return c.json(await studio.text.run("packed", input));
    },
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/stats`,
      tag: "Data",
      summary: "Its statistics, once they are computed",
    },
    async (c) => c.json(studio.stats.of((await fileOf(c, studio)).path, textChoice(c, studio))),
  );
  pageRoute(
    app,
    {
      method: "get",
      path: `${path}/removed`,
      tag: "Data",
      summary: "What cleaning and deduplication removed",
    },
    async (c) => {
      const { path: place, file } = await fileOf(c, studio);
      if (!file.has_removed)
        throw notFound("No list of removed rows lies beside this file", "nothing_removed");
      const choice = {
        reason: textParameter(c, "reason", 1000),
        offset: wholeParameter(c, "offset", 0),
        limit: wholeParameter(c, "limit", 20, { least: 1, most: mostRows }),
      };
      return c.json(await removedRows(removedFile(place), choice, openFiles, studio.searches));
    },
  );
}

/** @throws HttpError 404 */
async function fileOf(c: ServeCall, { files }: Studio): Promise<FoundFile> {
  const found = await files.find(c.req.param("file") ?? "");
  if (!found)
    throw notFound(
      "There is no such data file; it may have been moved or deleted",
      "file_not_found",
      "file",
    );
  return found;
}

async function detailOf({ path, file }: FoundFile, { openFiles }: Studio): Promise<DataFileDetail> {
  const unknown = { ...file, rows: 0, format: null };
  try {
    const indexed = await openFiles.progress(path);
    if (indexed < 1) return { ...unknown, indexed, problem: null };
    return await openFiles.use(path, async ({ rows, format, problem }) => {
      return { ...file, rows, indexed, format, problem: problem && errorText(problem) };
    });
  } catch (error) {
    return { ...unknown, indexed: 1, problem: errorText(error) };
  }
}

async function rowsOf(c: ServeCall, { path }: FoundFile, studio: Studio): Promise<DataRows> {
  const offset = wholeParameter(c, "offset", 0);
  const limit = wholeParameter(c, "limit", 20, { least: 1, most: mostRows });
  const find = textParameter(c, "find", 1000);
  const line = wholeParameter(c, "line", 0);
  return studio.openFiles.use(path, async (file) => {
    if (line > 0) {
      const row = rowAt(file, line);
      if (row === undefined) throw notFound("No row begins on this line", "row_not_found", "line");
      return { offset: row, total: file.rows, searched: null, rows: await readRows(file, [row]) };
    }
    if (find === undefined) {
      const count = Math.max(0, Math.min(limit, file.rows - offset));
      const numbers = Array.from({ length: count }, (_, i) => offset + i);
      const rows = await readRows(file, numbers);
      return { offset, total: file.rows, searched: null, rows };
    }
    const found = await studio.searches.find(path, find, file.rows, offset + limit);
    const rows = await readRows(file, found.rows.slice(offset, offset + limit));
    return { offset, total: found.rows.length, searched: found.searched, rows };
  });
}

async function rowNumber(c: ServeCall, path: string, { openFiles }: Studio): Promise<number> {
  const row = wholeParameter(c, "row", 0);
  const rows = await openFiles.use(path, async (file) => file.rows);
  if (row < rows) return row;
  throw badRequest(`row: the file has ${rows} rows, counted from 0`, "row");
}

function maxLength(c: ServeCall): number | undefined {
  const length = wholeParameter(c, "max_length", 0, { most: mostTokens });
  if (length === 1) throw badRequest("max_length: at least 2 tokens are expected", "max_length");
  return length === 0 ? undefined : length;
}

/** The model that a request names by its id; else the built-in one. */
function textChoice(c: ServeCall, { context }: Studio): TextChoice {
  const id = textParameter(c, "model");
  const template = textParameter(c, "template", 80);
  if (template !== undefined && !/^[\w.+-]+$/.test(template)) {
    throw badRequest("template: the name of a chat template is expected", "template");
  }
  const entry = id === undefined ? undefined : context.catalogue.find(id);
  if (id !== undefined && !entry)
    throw notFound("There is no such entry in the catalogue", "model_not_found", "model");
  const { place, adapters } = entry ?? { place: builtinModelName, adapters: [] };
  return { place, adapters, template };
}
