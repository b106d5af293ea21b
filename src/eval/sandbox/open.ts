/** Opens the sandbox: the first level that holds, or none. */
import { EnvironmentError } from "../../util/errors.js";
import { smallAddonFile } from "../../util/smallAddon.js";
import { findInterpreter, type Interpreter } from "./interpreter.js";
import { type Launch, launch, NotHeldError } from "./launch.js";
import { probe } from "./probe.js";
import type { RunOptions, Sandbox, SandboxLevel } from "./types.js";

const LEVELS: readonly SandboxLevel[] = ["namespaces", "landlock"];
/** Programs at once, as in the reference. */
const WORKERS = 4;

export interface SandboxOptions {
  /** The interpreter; default `TUNEWRIGHT_PYTHON`, then `python3`. */
  python?: string | undefined;
  /** Levels to try, the safest first. */
  levels?: readonly SandboxLevel[] | undefined;
}

/**
 * Finds out how programs can be held here, by trying.
 *
 * @throws EnvironmentError where no level holds, with what each of them lacks
 */
export async function openSandbox({
  python,
  levels = LEVELS,
}: SandboxOptions = {}): Promise<Sandbox> {
  if (process.platform !== "linux") {
    throw new EnvironmentError("model-written code is run on Linux only", {
      why: "elsewhere it cannot be kept from the network and from files",
      todo: "leave HumanEval out, or run it in a container",
    });
  }
  const interpreter = await findInterpreter(python);
  const judge = smallAddonFile("sandboxAddon", "the sandbox for model-written code");
  const lacks: string[] = [];
  for (const level of levels) {
    const means: Launch = { interpreter, judge, level };
    try {
      await probe(means);
      return sandboxOf(means);
    } catch (error) {
      if (!(error instanceof NotHeldError)) throw error;
      lacks.push(`${level}: ${error.why}`);
    }
  }
  throw new EnvironmentError("model-written code cannot be run here without danger", {
    why: lacks.join("; "),
    todo: "allow user namespaces (in a container: --security-opt seccomp=unconfined), or use Linux 5.13 or newer with Landlock",
  });
}

function sandboxOf(means: Launch): Sandbox {
  const slot = slots(WORKERS);
  return {
    level: means.level,
    description: describe(means.interpreter, means.level),
    run: (program, options: RunOptions = {}) => slot(() => launch(program, means, options)),
  };
}

const held: Readonly<Record<SandboxLevel, string>> = {
  namespaces: "held by namespaces and seccomp",
  landlock: "held by Landlock and seccomp (programs cannot write files)",
};

function describe({ version, numpy }: Interpreter, level: SandboxLevel): string {
  return `Python ${version} ${numpy ? `with numpy ${numpy}` : "without numpy"}, ${held[level]}`;
}

/** Lets so many jobs run at once; the others wait in order. */
function slots(count: number): <Result>(job: () => Promise<Result>) => Promise<Result> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await job();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
