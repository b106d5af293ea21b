/**
 * The Python with transformers and PEFT that bench/peers/setup.sh makes: `.tunewright/peers`, with the packages of
 * bench/peers/requirements.txt. TUNEWRIGHT_PEERS_PYTHON names another one instead. It is large, and not made by tests.
 */
import { existsSync } from "node:fs";
import path from "node:path";

const made = path.resolve(import.meta.dirname, "../../.tunewright/peers/bin/python");

/** @returns the interpreter; `undefined`, after a line that says why, where there is none */
export function peersPython(): string | undefined {
  const python = process.env.TUNEWRIGHT_PEERS_PYTHON ?? made;
  if (existsSync(python)) return python;
  console.warn("skipped: no transformers to compare with; bench/peers/setup.sh installs it");
  return undefined;
}
