/** Programs that read, write and delete what is not theirs. */
import { programs, refused } from "./format.js";

export const files = programs(
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
