/** `tunewright data preview`: conversations as the model will see them, with what it learns. */
import type { Command } from "commander";
import type { RowResult } from "../../data/index.js";
import type { EncodedConversation, Source } from "../../text/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { DataError } from "../../util/errors.js";
import { addExamples } from "../command.js";
import {
  addFormatOptions,
  addKeyOption,
  camelOptions,
  countArgument,
  type FormatFlags,
  sourceOptions,
} from "./options.js";
import { previewLegend, renderTokens } from "./renderTokens.js";

interface PreviewFlags extends FormatFlags {
  model?: string;
  tokenizer?: string;
  template?: string;
  limit?: number;
  maxSeqLength?: number;
  color?: boolean;
  json?: boolean;
}

const defaultLimit = 10;

export function registerPreview(command: Command): void {
  command
    .description("show conversations with the tokens that are learnt")
    .argument("<files...>", "data files");
  addKeyOption(command, "--model <path>", `model directory, .gguf file or ${builtinModelName}`);
  addKeyOption(command, "--tokenizer <dir>", "directory with a tokenizer, instead of a model");
  addKeyOption(command, "--template <name>", "chat template; the model's own otherwise");
  addKeyOption(command, "--limit <rows>", "rows to show (default: 10)", countArgument);
  addKeyOption(
    command,
    "--max-seq-length <tokens>",
    "cut longer conversations, as training would",
    countArgument,
  );
  addFormatOptions(command);
  command.option("--color", "colours even where stdout is no terminal");
  command.option("--no-color", "no colours");
  command.option("--json", "print one JSON object on stdout");
  addExamples(
    command,
    "tunewright data preview conversations.jsonl --limit 3",
    "tunewright data preview conversations.jsonl --model builtin:smollm2-135m --json",
  );
  command.action((files: string[]) => preview(files, camelOptions(command.opts<PreviewFlags>())));
}

async function preview(files: readonly string[], flags: PreviewFlags): Promise<void> {
  const reading = sourceOptions(flags);
  const { encodeRows, openConversations } = await import("../../data/index.js");
  const { openTextModel } = await import("./textModel.js");
  const { tokenizer, template, embeddingRows } = await openTextModel(flags);
  const source = await openConversations(files, reading);
  try {
    const count = Math.min(flags.limit ?? defaultLimit, source.rows);
    const rows = Array.from({ length: count }, (_, row) => row);
    const { maxSeqLength } = flags;
    const options = { tokenizer, template, embeddingRows, maxSeqLength };
    const results = await encodeRows(source, rows, options);
    const good = results.filter((result) => result.ok);
    const bad = results.filter((result) => !result.ok);
    if (flags.json) {
      const shown = good.flatMap(({ encoded, source: place }) =>
        encoded.map(({ inputIds, labels }) => ({
          source: place,
          input_ids: [...inputIds],
          labels: [...labels],
          tokens: [...inputIds].map((id) => tokenizer.idToToken(id) ?? ""),
        })),
      );
      process.stdout.write(`${JSON.stringify({ rows: shown })}\n`);
    } else {
      const color = flags.color ?? (process.stdout.isTTY && !process.env.NO_COLOR);
      const lines = [previewLegend(color)];
      for (const result of results) {
        if (!result.ok) {
          lines.push("", `refused: ${result.error.message}`);
          continue;
        }
        for (const encoded of result.encoded) {
          lines.push("", heading(encoded, result.source), renderTokens(encoded, tokenizer, color));
        }
      }
      if (count < source.rows) lines.push("", `${source.rows - count} more rows are not shown.`);
      process.stdout.write(`${lines.join("\n")}\n`);
    }
    if (bad.length > 0) throw refused(bad, count);
  } finally {
    await source.close();
  }
}

function heading(encoded: EncodedConversation, { file, line }: Source): string {
  const { inputIds, labelledTokens, truncated, fullLength } = encoded;
  const share = Math.round((100 * labelledTokens) / inputIds.length);
  const cut = truncated ? `; cut from ${fullLength}` : "";
  return `${file}:${line}  ${labelledTokens} of ${inputIds.length} tokens are learnt (${share}%)${cut}`;
}

function refused(bad: readonly Extract<RowResult, { ok: false }>[], rows: number): DataError {
  const { error } = bad[0]!;
  return new DataError(`${bad.length} of the ${rows} rows cannot be trained on`, {
    why: `the first: ${error.message}${error.why ? `: ${error.why}` : ""}`,
    ...(error.todo === undefined ? {} : { todo: error.todo }),
  });
}
