/** Writes rows as JSONL. */
import { open } from "node:fs/promises";

export interface RowWriter {
  write(row: object): Promise<void>;
  /** Writes what is left and waits until it is on the disk. */
  close(): Promise<void>;
}

const bufferedCharacters = 1 << 20;

/** @throws Error of the system when the file cannot be made or the disk is full */
export async function openRowWriter(path: string): Promise<RowWriter> {
  const handle = await open(path, "w");
  let lines: string[] = [];
  let characters = 0;
  const flush = async () => {
    await handle.appendFile(lines.join(""));
    lines = [];
    characters = 0;
  };
  return {
    async write(row) {
      const line = `${JSON.stringify(row)}\n`;
      lines.push(line);
      characters += line.length;
      if (characters > bufferedCharacters) await flush();
    },
    async close() {
      try {
        await flush();
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}
