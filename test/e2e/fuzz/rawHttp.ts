/** HTTP as bytes, for requests that no client would send. */
import { connect, type Socket } from "node:net";

/** An answer as it stands on the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends bytes on a connection of their own and reads until the server closes it, or all `count` answers are there.
 *
 * @returns the answers; none where the connection was closed without a word
 */
export function sendRaw(
  port: number,
  bytes: string | Buffer,
  { count = 1, patience = 15_000 } = {},
): Promise<RawAnswer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    const done = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(parseAnswers(Buffer.concat(chunks).toString("latin1")));
    };
    const late = setTimeout(() => {
      socket.destroy();
      const shown = bytes.toString("latin1").slice(0, 200);
      reject(new Error(`no answer within ${patience} ms to ${JSON.stringify(shown)}`));
    }, patience);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (parseAnswers(Buffer.concat(chunks).toString("latin1")).length >= count) done();
    });
    socket.on("error", done);
    socket.on("close", done);
    socket.write(bytes);
  });
}

/** Complete answers in a text. */
function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== ""; ) {
    const match = /^HTTP\/1\.[01] (\d{3})[^\r]*\r\n(?:([\s\S]*?)\r\n)??\r\n/.exec(rest);
    if (!match) break;
    const headers = Object.fromEntries(
      (match[2] ?? "").split("\r\n").map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const behind = rest.slice(match[0].length);
    const read = readBody(headers, behind);
    if (!read) break;
    const status = Number(match[1]);
    rest = behind.slice(read.length);
    if (status !== 100) answers.push({ status, headers, body: read.body });
  }
  return answers;
}

function readBody(
  headers: Record<string, string>,
  text: string,
): { body: string; length: number } | undefined {
  // Streams may go on for ever.
  if (headers["content-type"]?.startsWith("text/event-stream"))
    return { body: "", length: text.length };
  if (headers["transfer-encoding"] === "chunked") {
    let body = "";
    for (let at = 0; ; ) {
      const end = text.indexOf("\r\n", at);
      if (end < 0) return undefined;
      const size = Number.parseInt(text.slice(at, end), 16);
      if (text.length < end + 2 + size + 2) return undefined;
      if (size === 0) return { body, length: end + 4 };
      body += text.slice(end + 2, end + 2 + size);
      at = end + 2 + size + 2;
    }
  }
  const length = Number(headers["content-length"] ?? 0);
  return text.length < length ? undefined : { body: text.slice(0, length), length };
}

/** A connection that stays open: what slow clients have. */
export function openSocket(port: number, bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** A request of HTTP/1.1 as text. @param headers beside Host, and Content-Length of the body */
export function requestText(
  method: string,
  path: string,
  body: string | Buffer = "",
  headers: readonly string[] = ["Content-Type: application/json"],
): Buffer {
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    "",
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}
