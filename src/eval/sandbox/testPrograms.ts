/**
 * Hostile programs. Each tries something that must not be possible and passes only if it was; unless it
 * says otherwise, the system must have refused it. They know SECRET (a file), FOLDER (where it lies), TMP,
 * PROJECT, PORT (TCP and UDP on 127.0.0.1), SOCKET (a Unix socket) and PARENT (the tests' process).
 */
export interface HostileProgram {
  name: string;
  program: string;
  /** Of outcome and detail. */
  expected: RegExp;
  timeoutSeconds: number;
}

const refused =
  /^failed: (PermissionError|FileNotFoundError|NotADirectoryError|OSError|BlockingIOError|gaierror|ConnectionRefusedError|ConnectionError)\b/;
const ended = /^(timed out|killed|out of memory|failed: MemoryError)/;

/** `# name` begins a program; `# name | outcome` names the beginning of what must come out. */
function programs(text: string, fallback: RegExp, timeoutSeconds = 3): HostileProgram[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [title = "", ...lines] = part.split("\n");
      const [name = "", expected] = title.split(" | ");
      const pattern = expected === undefined ? fallback : new RegExp(`^(${expected})`);
      return { name, program: lines.join("\n"), expected: pattern, timeoutSeconds };
    });
}

const processes = programs(
  `
# forks until nothing works any more
import posix
for _ in range(40):
    posix.fork()
# leaves a daemon behind
import posix
if posix.fork() == 0:
    posix.setsid()
    if posix.fork() == 0:
        while True: pass
# forks with a terminal
import pty, posix
import os
os.fork, os.forkpty = posix.fork, posix.forkpty
pty.fork()
# starts a program
import posix
posix.posix_spawn("/bin/sh", ["sh", "-c", "true"], {})
# becomes a program
import posix
posix.execv("/bin/sh", ["sh", "-c", "true"])
# becomes Python
import posix, sys
posix.execv(sys.executable, [sys.executable, "-c", ""])
# brings subprocess back and starts a program
import importlib, subprocess
importlib.reload(subprocess).run(["true"])
# starts a program by subprocess | failed: TypeError
import subprocess
subprocess.run(["true"])
# starts a program by the shell | failed: TypeError
import os
os.system("true")
# starts a process by multiprocessing | failed: (TypeError|PermissionError)
import multiprocessing
p = multiprocessing.get_context("fork").Process(target=print)
p.start()
# leaves its session
import posix
posix.setsid()
# leaves its group
import posix
posix.setpgid(0, 0)
# makes threads without end | failed: RuntimeError|killed|out of memory
import threading, time
for _ in range(100000):
    threading.Thread(target=time.sleep, args=(60,)).start()
# asks whether it may signal everything: the same right as for killing
import posix
posix.kill(-1, 0)
# asks whether it may signal its caller
import posix
posix.kill(PARENT, 0)
# asks whether it may signal its parent
import posix
posix.kill(posix.getppid(), 0)
# asks whether it may signal its group
import posix
posix.killpg(0, 0)
# has a pipe kill its caller
import fcntl, os
reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, PARENT)
# has a pipe choose the signal
import fcntl, os
fcntl.fcntl(os.pipe()[0], 10, 9)
# holds up whoever opens a file
import fcntl, os
fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, 0)
# takes hold of its parent
import os
os.pidfd_open(os.getppid())
# runs before all others
import os
os.setpriority(os.PRIO_PROCESS, 0, -20)
# runs in real time
import os
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
# takes another processor
import os
os.sched_setaffinity(0, {0})
# raises the limit of memory | failed: (ValueError|PermissionError)
import sys
del sys.modules["resource"]
import resource
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
# raises the limit of processor time | failed: (ValueError|PermissionError)
import sys
del sys.modules["resource"]
import resource
resource.prlimit(0, resource.RLIMIT_CPU, (1000, 1000))
# limits its caller | failed: (ValueError|PermissionError)
import sys
del sys.modules["resource"]
import resource
resource.prlimit(PARENT, resource.RLIMIT_NOFILE, (8, 8))
# sets the clock
import time
time.clock_settime(time.CLOCK_REALTIME, 0)
# becomes root
import posix
posix.setuid(0)
# becomes somebody else
import posix
posix.setresuid(1, 1, 1)
# joins a group
import posix
posix.setgroups([0])
# changes its root
import posix
posix.chroot(".")
# moves into another namespace | failed: (PermissionError|AttributeError)
import os
os.unshare(os.CLONE_NEWUSER)
# names the machine
import socket
socket.sethostname("mine")
`,
  refused,
);

const memory = programs(
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

const files = programs(
  `
# reads a secret
open(SECRET).read()
# reads a secret by a name that is relative to a folder
import posix
folder = posix.open(FOLDER, posix.O_RDONLY)
posix.open("secret", posix.O_RDONLY, dir_fd=folder)
# lists a folder
import posix
posix.listdir(FOLDER)
# lists other programs' folders | failed: (PermissionError|FileNotFoundError|StopIteration)
import posix
next(name for name in posix.listdir(TMP) if name.startswith("tunewright-"))
# reads the project
open(PROJECT + "/package.json").read()
# imports the project's files | failed: (ModuleNotFoundError|PermissionError)
import sys
sys.path.insert(0, FOLDER)
import secretmodule
# reads who is who
open("/etc/passwd").read()
# reads passwords
open("/etc/shadow").read()
# reads through a symbolic link
import posix
posix.symlink(SECRET, "link")
open("link").read()
# reads through a hard link
import posix
posix.link(SECRET, "link")
open("link").read()
# reads past its root
open("../../../../../../../../" + SECRET).read()
# reads past its root by a descriptor
import posix
root = posix.open("/", posix.O_RDONLY)
posix.open(".." + SECRET, posix.O_RDONLY, dir_fd=root)
# reads through the root of a process
open("/proc/1/root" + SECRET).read()
# reads its parent's environment
open(f"/proc/{PARENT}/environ").read()
# reads its own environment from the kernel
open("/proc/self/environ").read()
# finds a secret in its environment | failed: KeyError
import os
os.environ["TUNEWRIGHT_TEST_SECRET"]
# finds its home in its environment | failed: KeyError
import os
os.environ["HOME"]
# deletes a file
import posix
posix.unlink(SECRET)
# deletes a folder
import posix
posix.rmdir(FOLDER)
# deletes all that it finds | failed: (PermissionError|FileNotFoundError)
import posix
for name in posix.listdir(FOLDER): posix.unlink(FOLDER + "/" + name)
# renames a file
import posix
posix.rename(SECRET, FOLDER + "/other")
# empties a file
import posix
posix.truncate(SECRET, 0)
# opens a file to empty it
open(SECRET, "w")
# adds to a file
open(SECRET, "a").write("x")
# makes a file beside it
open(FOLDER + "/new", "w")
# makes a folder
import posix
posix.mkdir(FOLDER + "/new")
# changes rights
import posix
posix.chmod(SECRET, 0o777)
# changes an owner
import posix
posix.chown(SECRET, 65534, 65534)
# changes times
import posix
posix.utime(SECRET, (0, 0))
# changes attributes
import os
os.setxattr(SECRET, "user.x", b"x")
# makes a program that runs as its owner
import posix
open("own", "w").close()
posix.chmod("own", 0o4755)
# changes Python
import os
open(os.__file__, "a").write("x")
# leaves a file for Python to run
import sys
open(sys.path[-1] + "/own.pth", "w")
# makes a device
import posix, stat
posix.mknod("device", 0o600 | stat.S_IFBLK, posix.makedev(8, 0))
# reads a disk
import posix
for name in ("sda", "vda", "nvme0n1"):
    try: posix.open("/dev/" + name, posix.O_RDONLY)
    except OSError: continue
    else: break
else: raise PermissionError
# writes to the kernel
open("/proc/sys/kernel/core_pattern", "w").write("|/bin/true")
# writes to devices
open("/sys/power/state", "w").write("mem")
# writes to the kernel's log
open("/dev/kmsg", "w").write("x")
# types into the terminal
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSTI, b"x")
# opens the terminal
open("/dev/tty")
# makes a terminal
import posix
posix.openpty()
# fills the disk with one file
with open("own", "wb") as file:
    while True: file.write(bytes(1 << 20))
# fills the disk with files
for i in range(1000):
    with open(f"own{i}", "wb") as file: file.write(bytes(1 << 20))
# makes files without end
for i in range(1000000): open(f"own{i}", "w").close()
# makes folders without end
import posix
for i in range(1000000): posix.mkdir(f"own{i}")
`,
  refused,
);

const network = programs(
  `
# connects by TCP
import socket
socket.create_connection(("127.0.0.1", PORT), 1)
# sends by UDP
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", PORT))
# connects by version 6
import socket
socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect(("::1", PORT))
# asks for a name
import socket
socket.getaddrinfo("localhost.invalid", 80)
# connects to a Unix socket
import socket
socket.socket(socket.AF_UNIX).connect(SOCKET)
# connects to a Unix socket without a file
import socket
socket.socket(socket.AF_UNIX).connect("\\0tunewright")
# sends to a Unix socket from a pair
import socket
socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", SOCKET)
# sends a descriptor
import socket, array
pair = socket.socketpair()
pair[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
# makes raw packets
import socket
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
# talks to the kernel
import socket
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
# talks to the virtual machine's host
import socket
socket.socket(getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM).connect((2, PORT))
# listens
import socket
socket.create_server(("127.0.0.1", 0))
# asks a web server
import urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=1)
# connects in an event loop
import asyncio
asyncio.run(asyncio.open_connection("127.0.0.1", PORT))
# writes to the system's log | passed|failed
import syslog
syslog.syslog("x")
`,
  /^failed: (PermissionError|OSError|URLError|gaierror)/,
);

const forgeries = programs(
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

const endless = programs(
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

export const hostilePrograms: readonly HostileProgram[] = [
  ...processes,
  ...memory,
  ...files,
  ...network,
  ...forgeries,
  ...endless,
];
