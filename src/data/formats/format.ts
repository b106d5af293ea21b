/** What a conversation format is. */
import type { Message } from "../../text/index.js";
import type { JsonValue } from "../../util/json/index.js";
import type { Row } from "./fields.js";

/** Parts of a turn of MOSS, by what training may learn of it. */
export const mossParts = ["human", "thoughts", "commands", "results", "answers"] as const;
export type MossPart = (typeof mossParts)[number];

export interface FormatOptions {
  /** Keep MOSS's `meta_instruction` as the system message. Default false. */
  mossMetaInstruction?: boolean | undefined;
  /**
   * MOSS's turns with thoughts, commands and results: `keep` makes them messages of their own,
   * `drop` leaves the answers alone, `refuse` refuses the row. Default `keep`.
   */
  mossTools?: "keep" | "drop" | "refuse" | undefined;
  /** Parts of MOSS's turns that are learnt. Default thoughts, commands and answers. */
  mossLearn?: readonly MossPart[] | undefined;
  /** Values for `{{name}}` in messages. */
  placeholders?: Readonly<Record<string, string>> | undefined;
}

/** A row as a format gives it; who reads it adds the source. */
export interface FormattedRow {
  /** Of a preference pair: the prompt. Of a text: one message of the assistant. */
  messages: Message[];
  tools?: JsonValue[] | undefined;
  id?: JsonValue | undefined;
  /** Default: a conversation. */
  kind?: "text" | "preference" | undefined;
  /** Only of a preference pair. */
  chosen?: Message[] | undefined;
  /** Only of a preference pair. */
  rejected?: Message[] | undefined;
}

/** To add one: its file, a line in `formats.ts`, tests with rows of your own. */
export interface ConversationFormat {
  readonly name: string;
  /** Keys that have a meaning in it. */
  readonly keys: readonly string[];
  /**
   * Those keys of a row that `read` takes in or leaves out on purpose; others are passed on. Default:
   * `keys`.
   */
  usedKeys?(row: Row): readonly string[];
  /** Whether a row looks like this format; the first format that says yes reads the whole file. */
  matches(row: Row): boolean;
  /** @throws DataError that does not name the place, which the reader adds */
  read(row: Row, options: FormatOptions): FormattedRow;
  /**
   * The row in this format. Keys without a value may be undefined.
   * @throws DataError that does not name the place, when this format has no place for it
   */
  write(row: FormattedRow): Row;
}
