/** Rows of a file as conversations, for people to read. */
import { checkConversation } from "../../data/index.js";
import { DataError, withWhy } from "../../util/errors.js";
import { isRecord } from "../../util/isRecord.js";
import { type JsonValue, stringifyJson } from "../../util/json/index.js";
import { withoutPaths } from "../http/index.js";
import type { DataRow } from "../schema.js";
import type { OpenedFile } from "./openFiles.js";

/** Bytes of rows after which an answer ends, with fewer rows than were asked for. */
const mostBytes = 4 << 20;

/** Reads some rows; fewer where they are very long. */
export async function readRows(file: OpenedFile, rows: readonly number[]): Promise<DataRow[]> {
  const read: DataRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (bytes > mostBytes) break;
    const shown = await readOne(file, row);
    bytes += JSON.stringify(shown).length;
    read.push(shown);
  }
  return read;
}

/** A row in full; what it cannot be read as is said, and the rest shown as it is. */
async function readOne(file: OpenedFile, row: number): Promise<DataRow> {
  const empty = { row, line: file.line(row), messages: null, tools: null, fields: {} };
  try {
    if (file.readWhole) return { ...empty, ...(await readConversation(file, row)) };
    const problem = file.problem ? textOf(file.problem) : null;
    return { ...empty, fields: fieldsOf(plain(await file.readValue(row))), problem };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { ...empty, fields: await rawFields(file, row), problem: textOf(error) };
  }
}

async function readConversation(
  file: OpenedFile,
  row: number,
): Promise<Pick<DataRow, "messages" | "tools" | "fields" | "problem">> {
  const { conversation, pair, rest } = await file.readWhole!(row);
  const { messages, tools = null, id, chatTemplateKwargs, kind } = conversation;
  const fields = fieldsOf(
    plain({
      ...(id === undefined ? {} : { id }),
      ...rest,
      ...(chatTemplateKwargs ? { chat_template_kwargs: chatTemplateKwargs } : {}),
      ...(pair ?? {}),
    }),
  );
  const shown = plain(messages) as NonNullable<DataRow["messages"]>;
  let problem: string | null = null;
  try {
    if (kind !== "text" && !pair) checkConversation(messages);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problem = textOf(error);
  }
  return { messages: shown, tools: plain(tools), fields, problem };
}

/** What lies there, as far as it is JSON; else its beginning as text. */
async function rawFields(file: OpenedFile, row: number): Promise<Record<string, unknown>> {
  try {
    return fieldsOf(plain(await file.readValue(row)));
  } catch {
    try {
      return { text: (await file.readBytes(row)).toString("utf8").slice(0, 20_000) };
    } catch {
      return {};
    }
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : { value };
}

/** Values with JSON's own types; numbers as JavaScript has them. */
function plain(value: unknown): unknown {
  return JSON.parse(stringifyJson(value as JsonValue));
}

function textOf(error: DataError): string {
  return withoutPaths(withWhy(error.message, error.why));
}
