/** Whether a level holds: a program that tries what must not be possible, against real targets. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Launch, launch, NotHeldError } from "./launch.js";

/** Each line must raise an error. */
const attempts = `
import socket, posix
def connect(): socket.create_connection(("127.0.0.1", PORT), 1)
def read_secret(): open(SECRET).read()
def write_outside(): open(SECRET + ".new", "w")
def list_folder(): posix.listdir(FOLDER)
def see_process(): open(f"/proc/{PARENT}/status").read()
def signal_process(): posix.kill(PARENT, 0)
def make_process(): posix.fork() or posix._exit(0)
def run_program(): posix.execv(SHELL, [SHELL, "-c", "true"])
for attempt in (connect, read_secret, write_outside, list_folder, see_process, signal_process,
                make_process, run_program):
    try:
        attempt()
    except OSError:
        continue
    raise AssertionError(attempt.__name__)
`;

/**
 * Tries a level.
 *
 * @throws NotHeldError naming what the system refuses, or what the program could do
 */
export async function probe(means: Launch): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tunewright-probe-"));
  const secret = join(folder, "secret");
  writeFileSync(secret, "secret");
  const server = createServer((socket) => socket.destroy());
  try {
    const facts = {
      PORT: await listen(server),
      SECRET: secret,
      FOLDER: folder,
      PARENT: process.pid,
      SHELL: "/bin/sh",
    };
    const constants = Object.entries(facts).map(([name, value]) => `${name} = ${pythonOf(value)}`);
    const program = `${constants.join("\n")}\n${attempts}`;
    const { passed, detail, outcome } = await launch(program, means, { timeoutSeconds: 10 });
    if (passed) return;
    throw new NotHeldError("a program cannot be held here", { why: detail || outcome });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(address !== null && typeof address === "object" ? address.port : 0);
    });
  });
}

/** A number or text as Python writes it; its escapes include those of JSON. */
function pythonOf(value: string | number): string {
  return JSON.stringify(value);
}
