/** Programs that do not end, or print without end. */
import { ended, programs } from "./format.js";

export const endless = programs(
  `
# computes for ever
while True: pass
# sleeps for ever
import time
while True: time.sleep(1000)
# ignores signals
import signal
for number in signal.valid_signals():
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
# blocks signals
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
time.sleep(1000)
# stops the timer and ends late
import signal, time
signal.setitimer(signal.ITIMER_REAL, 0)
time.sleep(1.2)
# stops the timer in a thread's favour
import signal, threading
signal.alarm(0)
threading.Event().wait()
# stops itself
import signal
signal.raise_signal(signal.SIGSTOP)
# waits for a child that is none | failed: ChildProcessError
import os
os.wait()
# believes another clock
import time
time.time = time.monotonic = time.perf_counter = lambda: 0
while time.time() < 1: pass
# catches everything
while True:
    try:
        while True: pass
    except BaseException: pass
# prints without end
while True: print("x" * 10000)
# writes to all descriptors without end
import os
while True:
    for descriptor in range(64):
        try: os.write(descriptor, b"x" * 65536)
        except OSError: pass
# prints one long line | passed|out of memory|timed out
import os
print("x" * 100_000_000)
os.write(1, b"x" * 100_000_000)
# takes all memory
held = []
while True: held.append(bytes(1 << 20))
# doubles a text
text = "x"
while True: text += text
# unpacks a bomb
import zlib
bomb = zlib.compress(bytes(1 << 24), 1)
held = []
while True: held.append(zlib.decompress(bomb))
# matches a bomb
import re
re.match("(a+)+$", "a" * 50 + "b")
# computes a number that is too large
9 ** 9 ** 9
# calls itself without end | killed|failed: (RecursionError|MemoryError)|out of memory|timed out
import sys
sys.setrecursionlimit(2 ** 31 - 1)
def f(): f()
f()
# nests too deep | killed|failed|out of memory|timed out
eval("(" * 100000 + ")" * 100000)
# fails with a text that never ends
class Bad(Exception):
    def __str__(self):
        while True: pass
raise Bad
# collects garbage for ever
import gc
while True: gc.collect()
# waits for itself
import threading
lock = threading.Lock()
lock.acquire()
lock.acquire()
`,
  ended,
  0.7,
);
