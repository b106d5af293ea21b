// Step 2: libtorch. Reuses a Python that has a supported torch, else makes `.venv` and installs it.
import fs from "node:fs";
import path from "node:path";
import { pipArguments, resolveWheel } from "./pip.mjs";
import { atLeast, findSystemPython, hasNvidiaGpu, which } from "./prerequisites.mjs";
import { capture, run, runOrThrow, SetupError, say } from "./run.mjs";

/** The release that set-up installs; reused ones may be any of 2.11 to 2.13. */
export const TORCH_VERSION = "2.13.0";
const SUPPORTED = { from: "2.11", below: "2.14" };

/** PyTorch's own index of CPU builds, for machines whose pip knows no other. */
const CPU_INDEX = process.env.TUNEWRIGHT_TORCH_INDEX ?? "https://download.pytorch.org/whl/cpu";

/** PyTorch's index of a build (`cpu`, `cu130`, …): beside that of CPU builds, on a mirror too. */
export function torchIndex(build) {
  return CPU_INDEX.replace(/cpu(\/?)$/, `${build}$1`);
}

const PROBE = `
import json, os, sys
out = {"python": sys.executable, "pythonVersion": sys.version.split()[0]}
try:
    import importlib.metadata as metadata, importlib.util as util
    spec = util.find_spec("bitsandbytes")
    if spec and spec.origin:
        out["bitsandbytes"] = {"version": metadata.version("bitsandbytes"), "folder": os.path.dirname(spec.origin)}
except Exception:
    pass
try:
    import warnings
    warnings.simplefilter("ignore")
    import torch
    out["torch"] = {"version": torch.__version__, "cudaVersion": torch.version.cuda,
        "folder": os.path.dirname(torch.__file__), "cxx11Abi": bool(torch.compiled_with_cxx11_abi())}
except Exception as error:
    out["error"] = str(error).split("\\n")[0]
print("PROBE" + json.dumps(out))
`;

/** Asks an interpreter for its torch and bitsandbytes (imports torch, so seconds); `null` when it does not run. */
export async function probePython(python) {
  const { code, output } = await run(python, ["-c", PROBE]);
  const line = output.split("\n").find((text) => text.startsWith("PROBE"));
  return code === 0 && line ? JSON.parse(line.slice("PROBE".length)) : null;
}

/** Whether Tunewright works with this torch. */
export function supportsTorch(version) {
  return atLeast(version, SUPPORTED.from) && !atLeast(version, SUPPORTED.below);
}

function reasonAgainst(probe) {
  if (!probe) return "it does not run";
  if (!probe.torch) return `it cannot import torch (${probe.error})`;
  if (!supportsTorch(probe.torch.version)) return `its torch is ${probe.torch.version}`;
  if (!fs.existsSync(path.join(probe.torch.folder, "include/ATen/core/dispatch/Dispatcher.h"))) {
    return "its torch has no C++ headers";
  }
  return null;
}

/** The interpreter named by TUNEWRIGHT_PYTHON; a wrong one is an error, because it was asked for. */
async function requestedPython(wish) {
  const command = which(wish);
  const probe = command && (await probePython(command));
  const reason = reasonAgainst(probe);
  if (reason === null) return probe;
  throw new SetupError(`TUNEWRIGHT_PYTHON=${wish} cannot be used`, {
    why: `${reason}; Tunewright works with torch 2.11 to 2.13`,
    todo: "install a fitting torch there, or unset TUNEWRIGHT_PYTHON and let set-up make .venv",
  });
}

/** True where installing this wheel would bring NVIDIA's libraries (several GB) along. */
export function bringsCuda(wheel) {
  if (wheel.version.includes("+cpu")) return false;
  return wheel.requires.some((requirement) => /^(nvidia|cuda|triton)\b/.test(requirement));
}

/** Ways to install torch in the order in which they are tried: pip arguments and what to call them. */
export async function installPlans(python, paths, options) {
  const shared = pipArguments(options);
  const requirement = `torch==${TORCH_VERSION}`;
  const plain = { name: `torch ${TORCH_VERSION}`, args: [...shared, requirement] };
  if (options.offline || hasNvidiaGpu()) return [plain];
  const own = await resolveWheel(python, requirement, shared, paths);
  if (own && !bringsCuda(own)) return [{ ...plain, name: `torch ${own.version}` }];
  const index = ["--index-url", CPU_INDEX, "--retries", "1", "--timeout", "20"];
  const cpu = {
    name: `torch ${TORCH_VERSION} (CPU build)`,
    args: [...shared, ...index, `torch==${TORCH_VERSION}+cpu`],
  };
  return [cpu, { ...plain, name: `${plain.name} (with CUDA libraries, several GB)` }];
}

/** Makes `.venv` with torch in it; one that an interrupted set-up left is made anew. */
async function makeVenv(paths, options) {
  const mark = path.join(paths.venv, "made-by-tunewright");
  if (fs.existsSync(mark)) fs.rmSync(paths.venv, { recursive: true, force: true });
  const python = path.join(paths.venv, "bin/python");
  const ownVenv = fs.existsSync(python);
  if (!ownVenv) {
    fs.mkdirSync(paths.venv, { recursive: true });
    fs.writeFileSync(mark, "unfinished: set-up removes this folder and starts again\n");
    await runOrThrow("making .venv", findSystemPython().executable, ["-m", "venv", paths.venv], {
      log: paths.log,
    });
  }
  const plans = await installPlans(python, paths, options);
  for (const [index, plan] of plans.entries()) {
    say(`installing ${plan.name} into .venv …`);
    const args = ["-m", "pip", "install", ...plan.args];
    if (index < plans.length - 1) {
      const { code } = await run(python, args, { log: paths.log });
      if (code === 0) break;
      say(`PyTorch's CPU index could not be used; trying the next source`);
    } else {
      await runOrThrow(`installing ${plan.name}`, python, args, {
        log: paths.log,
        todo: "check the network and pip's settings (`pip config list`), then run the same command again",
      });
    }
  }
  const probe = await probePython(python);
  const reason = reasonAgainst(probe);
  if (reason !== null) {
    throw new SetupError(".venv cannot be used", {
      why: reason,
      todo: "remove the folder .venv and run the same command again",
    });
  }
  fs.rmSync(mark, { force: true });
  return probe;
}

/**
 * Finds or installs torch and returns what `probePython` says of its interpreter. Order:
 * TUNEWRIGHT_PYTHON, the active virtual or conda environment, `.venv` of the checkout.
 */
export async function findOrInstallTorch(paths, options) {
  const wish = process.env.TUNEWRIGHT_PYTHON;
  if (wish) return requestedPython(wish);
  for (const [name, folder] of [
    ["virtual environment", process.env.VIRTUAL_ENV],
    ["conda environment", process.env.CONDA_PREFIX],
    ["", fs.existsSync(path.join(paths.venv, "made-by-tunewright")) ? undefined : paths.venv],
  ]) {
    const python = folder && path.join(folder, "bin/python");
    if (!python || !fs.existsSync(python)) continue;
    const probe = await probePython(python);
    if (reasonAgainst(probe) === null) {
      if (name) say(`using torch ${probe.torch.version} of the active ${name}`);
      return probe;
    }
  }
  return makeVenv(paths, options);
}

/** Whether any Python is needed before one can be asked, for the check of prerequisites. */
export function needsSystemPython(paths) {
  const own = path.join(paths.venv, "bin/python");
  return !process.env.TUNEWRIGHT_PYTHON && capture(own, ["--version"]) === null;
}
