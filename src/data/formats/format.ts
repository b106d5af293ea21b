/** What a conversation format is. */
import type { Message } from "../../text/index.js";
import type { Row } from "./fields.js";

export interface FormatOptions {
  /** Keep MOSS's `meta_instruction` as the system message. Default false. */
  mossMetaInstruction?: boolean | undefined;
  /**
   * MOSS's turns with thoughts, commands and results: `keep` makes them messages of their own,
   * `drop` leaves the answers alone, `refuse` refuses the row. Default `keep`.
   */
  mossTools?: "keep" | "drop" | "refuse" | undefined;
}

/** A conversation as a format gives it; who reads it adds the source. */
export interface FormattedRow {
  messages: Message[];
  tools?: unknown[] | undefined;
  id?: string | undefined;
}

/** To add one: its file, a line in `formats.ts`, tests with rows of your own. */
export interface ConversationFormat {
  readonly name: string;
  /** Keys of a row that it reads or leaves out on purpose; others are passed on. */
  readonly keys: readonly string[];
  /** Whether a row looks like this format; the first format that says yes reads the whole file. */
  matches(row: Row): boolean;
  /** @throws DataError that does not name the place, which the reader adds */
  read(row: Row, options: FormatOptions): FormattedRow;
}
