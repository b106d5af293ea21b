/** Which files hold rows, by their names. */

const rowFile = /\.(jsonl|ndjson|json|csv|tsv|parquet|arrow|feather)(\.(gz|zst))?$/i;

/** Files that programs, this one among them, write beside rows. */
const besideRows = [
  /\.rejected\.jsonl(\.(gz|zst))?$/i,
  /(^|[./_-])(manifest|report|index|state|schema)\.json$/i,
  /(^|\/)(dataset_infos?|dataset_dict|config|tokenizer|tokenizer_config|generation_config)\.json$/i,
  /(^|\/)(package|package-lock|tsconfig|trainer_state|adapter_config)\.json$/i,
  // What datasets' map and filter keep beside the rows that they were given.
  /(^|\/)cache-[^/]+\.arrow$/,
  /\.(part|tmp|incomplete|lock)$/i,
];

/** Whether the name ends as a file of rows does. */
export function hasRowEnding(path: string): boolean {
  return rowFile.test(path);
}

/** Whether a folder's file is read when the folder is named: rows, and no report about rows. */
export function isRowFile(path: string): boolean {
  return hasRowEnding(path) && !isBesideRows(path);
}

/** Lists of rejected rows, manifests, indexes, and what is hidden. */
export function isBesideRows(path: string): boolean {
  return isHidden(path) || besideRows.some((pattern) => pattern.test(path));
}

function isHidden(path: string): boolean {
  return path.split("/").some((part) => /^\.[^./]/.test(part) || part === "__pycache__");
}

/** The kind of file under its compression: `.jsonl`, `.parquet` and so on. */
export function rowEnding(path: string): string {
  return rowFile.exec(path)?.[1]?.toLowerCase() ?? "";
}
