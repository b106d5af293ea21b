/** Which Python runs programs, and the files that it needs. */
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { EnvironmentError } from "../../util/errors.js";

/** A Python interpreter. */
export interface Interpreter {
  /** Absolute path of the program. */
  file: string;
  /** Such as `3.11.7`. */
  version: string;
  /** Version of numpy, which programs may import where it is installed. */
  numpy: string | undefined;
  /** Folders of installed packages. */
  packages: readonly string[];
  /** All files and folders that it reads; none lies in another. */
  files: readonly string[];
}

const FACTS = `
import json, sys, sysconfig
paths = sysconfig.get_paths()
try:
    from importlib import metadata
    numpy = metadata.version("numpy")
except ImportError:
    numpy = None
print(json.dumps({
    "file": getattr(sys, "_base_executable", None) or sys.executable,
    "version": sys.version.split()[0],
    "supported": sys.version_info >= (3, 8) and sys.implementation.name == "cpython",
    "numpy": numpy,
    "packages": [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))],
    "library": sys.base_prefix + "/lib",
    "files": sorted({paths["stdlib"], paths["platstdlib"]}),
}))
`;

interface Facts extends Interpreter {
  supported: boolean;
  library: string;
}

/** Where the system keeps shared libraries that Python's modules are linked to. */
const SYSTEM = ["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64"];

/**
 * Asks an interpreter about itself, with a user's own packages left out.
 *
 * @param command a path, or a name on PATH; default `TUNEWRIGHT_PYTHON`, then `python3`
 * @throws EnvironmentError where it does not run or is older than 3.8
 */
export async function findInterpreter(
  command = process.env.TUNEWRIGHT_PYTHON || "python3",
): Promise<Interpreter> {
  const { supported, library, ...facts } = await ask(command);
  if (!supported) {
    throw new EnvironmentError(`${command} cannot run model-written code`, {
      why: `it is Python ${facts.version}; CPython 3.8 or newer is needed`,
      todo: "name another interpreter in TUNEWRIGHT_PYTHON",
    });
  }
  const own = library === "/usr/lib" ? [] : [library];
  const files = [...SYSTEM, "/etc/ld.so.cache", ...own, ...facts.files, ...facts.packages];
  return { ...facts, numpy: facts.numpy ?? undefined, files: withoutInner(files) };
}

async function ask(command: string): Promise<Facts> {
  try {
    const { stdout } = await promisify(execFile)(command, ["-I", "-c", FACTS], { timeout: 60_000 });
    return JSON.parse(stdout);
  } catch (cause) {
    throw new EnvironmentError(`${command} does not run`, {
      why: complaintOf(cause),
      todo: "install Python 3.8 or newer, or name its program in TUNEWRIGHT_PYTHON",
      cause,
    });
  }
}

/** The last line that the interpreter printed, or why it did not start. */
function complaintOf(cause: unknown): string {
  const { stderr = "", message } = cause as Error & { stderr?: string };
  return stderr.trim().split("\n").at(-1) || message.split("\n")[0]!;
}

function withoutInner(paths: readonly string[]): string[] {
  const all = new Set(paths);
  const isInner = (path: string): boolean => {
    const outer = dirname(path);
    return outer !== path && (all.has(outer) || isInner(outer));
  };
  return [...all].filter((path) => !isInner(path));
}
