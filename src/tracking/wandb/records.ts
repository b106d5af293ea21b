/**
 * The records of a run file: messages of `wandb_internal.proto`, whose field numbers stand here.
 * Learnt from `wandb.proto.wandb_internal_pb2` of wandb 0.25.1 and 0.31.0, and from files that these
 * wrote.
 */
import {
  booleanField,
  type Field,
  integerField,
  joinBytes,
  messageField,
  readFields,
  textField,
} from "../../util/protobuf.js";

/** What a run is, as its record tells it. */
export interface RunFacts {
  id: string;
  project: string;
  entity?: string | undefined;
  group?: string | undefined;
  jobType?: string | undefined;
  name?: string | undefined;
  notes?: string | undefined;
  tags: readonly string[];
  host: string;
  /** Seconds since 1970. */
  startTime: number;
  /** The `_step` of the first row of this attempt. */
  startingStep: number;
  /** Seconds that earlier attempts took. */
  runtime: number;
  /** Whether earlier attempts exist. */
  resumed: boolean;
}

/** The machine, for the page "Overview" of a run. */
export interface MachineFacts {
  os: string;
  host: string;
  program: string;
  root: string;
  cpus: number;
  memoryBytes: number;
  /** Seconds since 1970. */
  startTime: number;
  writerId: string;
}

/** Values by key; a key of several parts names a value inside another. */
export type Items = readonly { readonly key: readonly string[]; readonly value: unknown }[];

/** A record, as much of it as Tunewright writes and uploads. */
export type WandbRecord =
  | { type: "header"; producer: string }
  | { type: "run"; run: RunFacts }
  | { type: "machine"; machine: MachineFacts }
  | { type: "client"; offline: boolean }
  | { type: "config"; items: Items }
  | { type: "metric"; name: string; fromGlob: boolean }
  | { type: "metricGlob" }
  | { type: "summary"; items: Items }
  | { type: "history"; step: number; items: Items }
  | { type: "files"; paths: readonly string[] }
  | { type: "exit"; code: number; runtime: number };

/** The version of wandb whose records these are. */
export const formatVersion = "0.25.1";

/** The step that curves are drawn over, as transformers defines it. */
export const stepMetric = "train/global_step";

/** Numbers of the fields of `Record`. */
const recordField = {
  number: 1,
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  telemetry: 11,
  metric: 12,
  run: 17,
  exit: 18,
  header: 21,
  environment: 26,
  info: 200,
} as const;

/** A record as bytes. @param number 1 for the first record of a file, then 2, … */
export function encodeRecord(record: WandbRecord, number: number, runId: string): Uint8Array {
  return joinBytes([
    integerField(recordField.number, number),
    bodyOf(record),
    messageField(recordField.info, [textField(1, runId)]),
  ]);
}

function bodyOf(record: WandbRecord): Uint8Array {
  switch (record.type) {
    case "header": {
      const version = [textField(1, record.producer), textField(2, "0.40.0")];
      return messageField(recordField.header, [messageField(1, version)]);
    }
    case "run":
      return messageField(recordField.run, runFields(record.run));
    case "machine":
      return messageField(recordField.environment, machineFields(record.machine));
    case "client":
      return messageField(recordField.telemetry, clientFields(record.offline));
    case "config":
      return messageField(recordField.config, record.items.map(configItem));
    case "metric":
      return messageField(recordField.metric, metricFields(record.name, record.fromGlob));
    case "metricGlob": {
      const options = [booleanField(1, true), booleanField(3, true)];
      const glob = [textField(2, "*"), textField(4, stepMetric), messageField(6, options)];
      return messageField(recordField.metric, glob);
    }
    case "summary":
      return messageField(
        recordField.summary,
        record.items.map((item) => messageField(1, nestedItem(item))),
      );
    case "history": {
      const step = record.step === 0 ? [] : [integerField(1, record.step)];
      const items = record.items.map((item) => messageField(1, nestedItem(item)));
      return messageField(recordField.history, [...items, messageField(2, step)]);
    }
    case "files":
      return messageField(
        recordField.files,
        record.paths.map((path) => messageField(1, [textField(1, path)])),
      );
    case "exit": {
      const code = record.code === 0 ? [] : [integerField(1, record.code)];
      return messageField(recordField.exit, [...code, integerField(2, record.runtime)]);
    }
  }
}

function runFields(run: RunFacts): Uint8Array[] {
  const text = (number: number, value: string | undefined) =>
    value === undefined ? [] : [textField(number, value)];
  const ownConfig = [textField(1, "_wandb"), textField(16, "{}")];
  return [
    textField(1, run.id),
    ...text(2, run.entity),
    textField(3, run.project),
    messageField(4, [messageField(1, ownConfig)]),
    ...text(6, run.group),
    ...text(7, run.jobType),
    ...text(8, run.name),
    ...text(9, run.notes),
    ...run.tags.map((tag) => textField(10, tag)),
    textField(13, run.host),
    ...(run.startingStep > 0 ? [integerField(14, run.startingStep)] : []),
    messageField(17, timestamp(run.startTime)),
    // 24 is newer than 0.25: with it, `wandb sync` adds these rows to those that the server has.
    ...(run.resumed ? [booleanField(18, true), integerField(20, Math.round(run.runtime))] : []),
    ...(run.resumed ? [booleanField(24, true)] : []),
  ];
}

function machineFields(machine: MachineFacts): Uint8Array[] {
  return [
    textField(1, machine.os),
    messageField(3, timestamp(machine.startTime)),
    textField(6, machine.program),
    textField(11, machine.root),
    textField(12, machine.host),
    integerField(16, machine.cpus),
    integerField(17, machine.cpus),
    messageField(21, [integerField(1, machine.memoryBytes)]),
    textField(199, machine.writerId),
  ];
}

/** Who wrote the file; the server asks for a version of wandb. */
function clientFields(offline: boolean): Uint8Array[] {
  const label = [textField(1, "tunewright")];
  return [
    ...(offline ? [messageField(3, [booleanField(4, true)])] : []),
    textField(5, formatVersion),
    messageField(9, label),
    textField(13, `${process.platform}-${process.arch}`),
  ];
}

function metricFields(name: string, fromGlob: boolean): Uint8Array[] {
  if (!fromGlob) return [textField(1, name), messageField(6, [booleanField(3, true)])];
  return [
    textField(1, name),
    textField(4, stepMetric),
    messageField(6, [booleanField(1, true)]),
    messageField(7, []),
    messageField(9, [booleanField(1, true)]),
    booleanField(10, true),
  ];
}

function configItem({ key, value }: Items[number]): Uint8Array {
  return messageField(1, [textField(1, key.join(".")), textField(16, toJson(value))]);
}

function nestedItem({ key, value }: Items[number]): Uint8Array[] {
  return [...key.map((part) => textField(2, part)), textField(16, toJson(value))];
}

/** Events have times to the millisecond. */
function timestamp(seconds: number): Uint8Array[] {
  const milliseconds = Math.round(seconds * 1000);
  const rest = milliseconds % 1000;
  return [integerField(1, (milliseconds - rest) / 1000), integerField(2, rest * 1e6)];
}

/** JSON as Python writes it: with `NaN` and `Infinity`. */
export function toJson(value: unknown): string {
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : numeral(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function numeral(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : value < 0 ? "-Infinity" : "Infinity";
}

/** An item of a record that was read, its value in JSON. */
export interface ReadItem {
  readonly key: readonly string[];
  readonly json: string;
}

/** What of a file's records is uploaded, or looked at when a run goes on. */
export type UploadRecord =
  | { type: "config" | "summary"; items: ReadItem[] }
  | { type: "history"; step: number; items: ReadItem[] }
  | { type: "files"; paths: string[] }
  | { type: "exit"; code: number }
  | { type: "other" };

/** Reads a record back. @throws RangeError where the bytes are no message */
export function decodeRecord(bytes: Uint8Array): UploadRecord {
  for (const { number, bytes: body } of readFields(bytes)) {
    if (number === recordField.config || number === recordField.summary) {
      const type = number === recordField.config ? "config" : "summary";
      return { type, items: all(readFields(body), 1).map(readItem) };
    }
    if (number === recordField.history) {
      const fields = readFields(body);
      const [step] = all(fields, 2).flatMap(readFields);
      return { type: "history", step: step?.integer ?? 0, items: all(fields, 1).map(readItem) };
    }
    if (number === recordField.files) {
      const paths = all(readFields(body), 1).flatMap((file) => all(readFields(file), 1).map(text));
      return { type: "files", paths };
    }
    if (number === recordField.exit) {
      const code = readFields(body).find((field) => field.number === 1);
      return { type: "exit", code: code?.integer ?? 0 };
    }
  }
  return { type: "other" };
}

function readItem(bytes: Uint8Array): ReadItem {
  const fields = readFields(bytes);
  const key = [...all(fields, 1), ...all(fields, 2)].map(text);
  return { key, json: all(fields, 16).map(text)[0] ?? "null" };
}

function all(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.filter((field) => field.number === number).map(({ bytes }) => bytes);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
