/** Programs that make processes, or reach for those of others. */
import { programs, refused } from "./format.js";

export const processes = programs(
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
