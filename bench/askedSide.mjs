// A side of a benchmark that is a process: it says that it is ready, then answers each line of JSON with one.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a program of the checkout to its end; the last line that it printed. */
export function lastLineOf(command, args) {
  const stdio = ["ignore", "pipe", "inherit"];
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8", stdio });
  if (status !== 0) throw new Error(`${command} ended with exit code ${status}`);
  return stdout.trim().split("\n").at(-1);
}

/** Starts a side with so many threads and waits until it is ready. */
export async function startSide(command, args, { threads }) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${command} ended before it answered`);
    return JSON.parse(value);
  };
  await read();
  return {
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return read();
    },
    end: () => child.stdin.end(),
  };
}

/** What a side does that is JavaScript, once it has loaded its model: answers until nobody asks any more. */
export async function answerAll(answer) {
  const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    say(await answer(JSON.parse(line)));
  }
}
