/**
 * The Python that runs before a program: it takes from the interpreter what the reference takes, and loads
 * the judge (native/sandbox), which does not return.
 */

/** Names without which a program has to do, by module, as in OpenAI's `reliability_guard`. */
const taken = {
  builtins: ["exit", "quit", "help"],
  os: [
    ...["kill", "system", "putenv", "remove", "removedirs", "rmdir", "fchdir", "setuid", "fork"],
    ...["forkpty", "killpg", "rename", "renames", "truncate", "replace", "unlink", "fchmod"],
    ...["fchown", "chmod", "chown", "chroot", "lchflags", "lchmod", "lchown", "getcwd", "chdir"],
  ],
  shutil: ["rmtree", "move", "chown"],
  subprocess: ["Popen"],
} as const;

/** Modules that cannot be imported, as there. */
const missing = ["ipdb", "joblib", "resource", "psutil", "tkinter"];

/**
 * Arguments of the script: the judge's file, modules that are loaded before anything is taken, since the
 * reference has them loaded by then, and folders of installed packages.
 */
export const loader = `
import sys
sys.path[:] = [path for path in sys.path if path] + sys.argv[3:]
import builtins, importlib, importlib.machinery, importlib.util, io, os, shutil, subprocess

for name in sys.argv[2].split():
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # the program sees it fail for itself

if "tempfile" in sys.modules:
    sys.modules["tempfile"].tempdir = "/sandbox"  # found out later it would ask what is taken below

class Nowhere(io.StringIO):
    """Takes what is printed, as the reference does, but keeps nothing; gives no input."""

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"string argument expected, got {type(text).__name__!r}")
        return len(text)

    def read(self, *arguments):
        raise OSError

    readline = readlines = read

    def readable(self, *arguments):
        return False

modules = {"builtins": builtins, "os": os, "shutil": shutil, "subprocess": subprocess}
for module, names in ${JSON.stringify(taken)}.items():
    for name in names:
        setattr(modules[module], name, None)
for name in ${JSON.stringify(missing)}:
    sys.modules[name] = None
sys.stdin, sys.stdout, sys.stderr = Nowhere(), Nowhere(), Nowhere()
judge = importlib.machinery.ExtensionFileLoader("judge", sys.argv[1])
importlib.util.module_from_spec(importlib.util.spec_from_loader("judge", judge))
`;
