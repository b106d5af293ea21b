/** Programs that reach past Python, or for memory. */
import { programs, refused } from "./format.js";

export const memory = programs(
  `
# calls the system past Python | failed: ImportError
import ctypes
ctypes.CDLL(None).mount(b"", b"/", None, 0, None)
# traces its parent past Python | failed: ImportError
import sys
sys.modules.pop("ctypes", None)
import _ctypes
# reads memory by the library's tests | failed: (ImportError|ModuleNotFoundError)
import _testcapi
# loads a library that it has written
import glob, importlib.machinery, importlib.util, os
source = next(path for path in glob.glob(os.path.dirname(os.__file__) + "/lib-dynload/*.so"))
name = os.path.basename(source).split(".")[0]
with open("own.so", "wb") as file: file.write(open(source, "rb").read())
try:
    spec = importlib.util.spec_from_file_location(name, "/sandbox/own.so")
    importlib.util.module_from_spec(spec)
except ImportError as error:
    raise PermissionError(error)
# makes a file without a name
import os
os.memfd_create("x")
# reads its own memory
open("/proc/self/mem", "rb").read(1)
# reads the machine's memory
open("/dev/mem", "rb").read(1)
# shares memory
import _posixshmem, os
_posixshmem.shm_open("/tunewright-test", os.O_CREAT | os.O_RDWR, mode=0o600)
# maps more than it may have
import mmap
mmap.mmap(-1, 8 << 30)
# locks memory | failed: (AttributeError|PermissionError|OSError)
import mmap
mmap.mmap(-1, 4096).mlock()
# opens descriptors without end
import posix
while True: posix.dup(0)
`,
  refused,
);
