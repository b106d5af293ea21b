/** Programs that connect out. */
import { programs } from "./format.js";

export const network = programs(
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
