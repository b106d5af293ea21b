/** Files for tests: a folder of their own, conversations written for them, where real data may be. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTokenizer, type Message, resolveChatTemplate } from "../text/index.js";

export interface TestFolder {
  /** Writes a file and gives its path; objects become JSONL. */
  write(name: string, content: string | Buffer | readonly object[]): string;
  path(name: string): string;
  /** A named pipe that a shell writes the file into. */
  pipe(name: string, file: string): string;
  remove(): void;
}

export function testFolder(): TestFolder {
  const folder = mkdtempSync(join(tmpdir(), "tunewright-data-"));
  return {
    write(name, content) {
      const path = join(folder, name);
      const isRaw = typeof content === "string" || Buffer.isBuffer(content);
      writeFileSync(
        path,
        isRaw ? content : content.map((row) => `${JSON.stringify(row)}\n`).join(""),
      );
      return path;
    },
    path: (name) => join(folder, name),
    pipe(name, file) {
      const path = join(folder, name);
      execFileSync("mkfifo", [path]);
      execFileSync("sh", ["-c", `cat "${file}" > "${path}" &`], { stdio: "ignore" });
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Real conversations, where the machine has them. */
export const sharedConversations = join(
  process.env.TUNEWRIGHT_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url)),
  "conversations",
);

/** A tokenizer of a few hundred ids that lies among the parity fixtures. */
export const tinyTokenizerPath = fileURLToPath(
  new URL("../../test/parity/fixtures/text/tiny-sentencepiece", import.meta.url),
);

/** That tokenizer, and a chat template for it. */
export async function tinyEncoding() {
  const tokenizer = await loadTokenizer(tinyTokenizerPath);
  return { tokenizer, template: resolveChatTemplate("firefly-classic", tokenizer) };
}

export const user = (content: string): Message => ({ role: "user", content });
export const assistant = (content: string): Message => ({ role: "assistant", content });

/** A canonical row: questions and answers in turn. */
export function messagesRow(...texts: string[]): { messages: Message[] } {
  return {
    messages: texts.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text))),
  };
}
