/** Programs that say that they passed. */
import { programs, refused } from "./format.js";

export const forgeries = programs(
  `
# says that it has passed | killed
import os, sys
print("passed", flush=True)
for descriptor in range(64):
    try: os.write(descriptor, b"passed\\nstarted\\npassed\\n")
    except OSError: pass
os._exit(0)
# leaves early | killed: it left before its end
import os
os._exit(0)
# exits with success | failed: SystemExit
import sys
sys.exit(0)
# exits with success when a test fails | failed: AssertionError
import atexit, os, sys
atexit.register(os._exit, 0)
sys.excepthook = lambda *_: os._exit(0)
assert False
# closes everything | killed
import os
os.closerange(0, 64)
# replaces what is built in | failed: AssertionError
import builtins, sys
builtins.exec = builtins.compile = builtins.isinstance = lambda *a: None
builtins.AssertionError = None
class Nothing(BaseException): pass
raise AssertionError if AssertionError else type("AssertionError", (Nothing,), {})
# looks for the password in frames and objects | killed
import gc, os, re, sys
found = set()
def look(value):
    if isinstance(value, bytes): value = value.decode("latin1")
    if isinstance(value, str): found.update(re.findall("[0-9a-f]{48}", value))
frame = sys._getframe()
while frame:
    for value in [*frame.f_locals.values(), *frame.f_globals.values(), *frame.f_code.co_consts]: look(value)
    frame = frame.f_back
for thing in gc.get_objects():
    look(thing)
    for value in gc.get_referents(thing): look(value)
for value in [*os.environ.values(), *sys.argv, *sys.modules]: look(value)
for password in found: os.write(3, password.encode())
os._exit(0)
# reads what it was told a second time | killed
import os
for descriptor in range(3): os.write(3, os.read(descriptor, 100000))
os._exit(0)
# tries passwords | killed
import os, secrets
for _ in range(20): os.write(3, secrets.token_hex(24).encode())
os._exit(0)
# loads its judge again | killed|failed
import importlib.machinery, importlib.util, os, sys
reader, writer = os.pipe()
os.dup2(reader, 0)
os.write(writer, b"\\4\\0\\0\\0none" + b"\\0" * 36)
judge = importlib.machinery.ExtensionFileLoader("judge", sys.argv[1])
importlib.util.module_from_spec(importlib.util.spec_from_loader("judge", judge))
# says that it could not be held | killed
import os
os.write(3, b"refused everything: no\\n")
os._exit(0)
# fails in a destructor and in a test | failed: AssertionError
class Bad:
    def __del__(self): raise ValueError
Bad()
assert False
# fails with a text that passes | failed: Bad: passed
import os
class Bad(Exception):
    def __str__(self):
        os.write(3, b"passed\\n")
        return "passed"
raise Bad
# fails with a text that is not one | failed: Bad$
class Bad(Exception):
    def __str__(self): return 7
raise Bad
# fails with a text that no encoding has | failed: ValueError: \\?
raise ValueError("\\udc80")
# fails with a text that leaves | killed
import os
class Bad(Exception):
    def __str__(self): os._exit(0)
raise Bad
# fails with a long text | failed: ValueError: x{1000}
raise ValueError("x" * 100_000_000)
# fails with a name that is none | failed
class Meta(type):
    __name__ = property(lambda self: 1 / 0)
class Bad(Exception, metaclass=Meta): pass
raise Bad
# a thread goes on when a test has failed | failed: AssertionError
import threading
def forever():
    while True: pass
threading.Thread(target=forever).start()
assert False
# interrupts itself | failed: (KeyboardInterrupt|AssertionError)
import _thread
_thread.interrupt_main()
assert False
# hides a test behind a zero byte | failed: (ValueError|SyntaxError)
x = 1\0
assert False
# aborts | killed: by signal 6
import os
os.abort()
# breaks off | killed: by signal 11
import faulthandler
faulthandler._sigsegv()
# writes what is no text | killed
import os
for descriptor in range(4): os.write(descriptor, bytes(range(256)))
os._exit(0)
`,
  refused,
);
