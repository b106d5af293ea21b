// What must be on the machine before set-up can do its work, and what to say when it is not.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { capture, SetupError } from "./run.mjs";

/** Absolute path of a program on PATH, or `null`. */
export function which(name, searchPath = process.env.PATH ?? "") {
  if (name.includes("/")) return fs.existsSync(name) ? path.resolve(name) : null;
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Compares dotted versions: true where `version` is at least `least`. */
export function atLeast(version, least) {
  const a = version.split(".").map((part) => Number.parseInt(part, 10));
  const b = least.split(".").map((part) => Number.parseInt(part, 10));
  for (let i = 0; i < b.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The C++ compiler that will be used: `$CXX`, or g++, clang++, c++; `null` where none does C++20. */
export function findCompiler() {
  for (const name of [process.env.CXX, "g++", "clang++", "c++"]) {
    const command = name && which(name);
    if (!command) continue;
    const version = capture(command, ["--version"])?.split("\n")[0];
    const probe = "#include <concepts>\n#include <span>\nstatic_assert(std::integral<int>);\n";
    const works =
      version !== undefined &&
      capture(command, ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"], { input: probe }) !==
        null;
    if (works) return { command, version };
  }
  return null;
}

/** CMake (3.18 or newer) and the build tool it will drive. */
export function findCmake() {
  const command = which("cmake");
  const version =
    command && /version (\d+\.\d+(\.\d+)?)/.exec(capture(command, ["--version"]) ?? "")?.[1];
  if (!version || !atLeast(version, "3.18")) return null;
  return { command, version, generator: which("ninja") ? "Ninja" : "Unix Makefiles" };
}

/** First Python 3.10 or newer that can make virtual environments, or what is wrong with the ones found. */
export function findSystemPython() {
  let found = null;
  for (const name of [
    "python3",
    "python",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
  ]) {
    const command = which(name);
    if (!command) continue;
    const script =
      "import sys, importlib.util as u; print(*sys.version_info[:2], sep='.');" +
      "print(sys.executable); print(int(bool(u.find_spec('venv') and u.find_spec('ensurepip'))))";
    const output = capture(command, ["-c", script]);
    if (!output) continue;
    const [version, executable, venv] = output.trim().split("\n");
    const usable = atLeast(version, "3.10");
    if (usable && venv === "1") return { executable, version, venv: true };
    if (usable || !found) found = { executable, version, venv: venv === "1", usable };
  }
  return found;
}

/** True where the machine shows an NVIDIA GPU. `TUNEWRIGHT_GPU=0` or `1` overrides what is seen. */
export function hasNvidiaGpu() {
  const wish = process.env.TUNEWRIGHT_GPU;
  if (wish === "0" || wish === "1") return wish === "1";
  const signs = ["/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/nvidiactl"];
  if (signs.some((file) => fs.existsSync(file))) return true;
  const smi = which("nvidia-smi");
  return smi !== null && /GPU \d/.test(capture(smi, ["-L"]) ?? "");
}

/** How packages are installed on this machine, as the start of a command line. */
function installCommand(packages) {
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  if (which("apt-get")) return `run \`${sudo}apt-get install -y ${packages.apt.join(" ")}\``;
  if (which("dnf")) return `run \`${sudo}dnf install -y ${packages.dnf.join(" ")}\``;
  return `install ${packages.apt.join(", ")} with your system's package manager`;
}

/**
 * Checks what the coming steps need and throws one {@link SetupError} that names all that is missing.
 *
 * @param needs `{ python, compiler }`: whether a step is coming that needs them
 */
export function checkPrerequisites(needs) {
  const missing = [];
  const packages = { apt: [], dnf: [] };
  if (os.platform() !== "linux") {
    throw new SetupError(`Tunewright runs on Linux, and this is ${os.platform()}`, {
      why: "the engine is built and tested against libtorch for Linux",
      todo: "use a Linux machine, a container, or WSL 2 on Windows",
    });
  }
  if (needs.python) {
    const python = findSystemPython();
    if (!python || python.usable === false) {
      missing.push(`Python 3.10 or newer with venv (found ${python ? python.version : "none"})`);
      packages.apt.push("python3", "python3-venv");
      packages.dnf.push("python3");
    } else if (!python.venv) {
      missing.push(`Python's venv module (of ${python.executable})`);
      packages.apt.push("python3-venv");
      packages.dnf.push("python3");
    }
  }
  if (needs.compiler) {
    if (!findCompiler()) {
      missing.push("a C++20 compiler (g++ 10 or newer, or clang++ 12 or newer)");
      packages.apt.push("g++");
      packages.dnf.push("gcc-c++");
    }
    if (!findCmake()) {
      missing.push("CMake 3.18 or newer");
      packages.apt.push("cmake");
      packages.dnf.push("cmake");
    }
    if (!which("ninja") && !which("make")) {
      missing.push("make or ninja");
      packages.apt.push("make");
      packages.dnf.push("make");
    }
  }
  if (missing.length === 0) return;
  throw new SetupError(`set-up needs ${missing.join("; ")}`, {
    why: "libtorch comes from a Python wheel, and the small addon that calls it is compiled here",
    todo: `${installCommand(packages)}, then run the same command again`,
  });
}
