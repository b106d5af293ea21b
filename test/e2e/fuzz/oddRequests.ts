/** Requests that are no proper HTTP, or at the edge of it. */

const host = "Host: 127.0.0.1";
const json = "Content-Type: application/json";

function text(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Heads without bodies, or with all of them; each is answered, or its connection closed. */
export const oddRequests: Readonly<Record<string, string>> = {
  "no Host": text("GET /health HTTP/1.1"),
  "a foreign Host": text("GET /health HTTP/1.1", "Host: evil.example"),
  "two Hosts": text("GET /health HTTP/1.1", host, "Host: evil.example"),
  "a Host with an account": text("GET /health HTTP/1.1", "Host: a@127.0.0.1"),
  "HTTP/1.0": text("GET /health HTTP/1.0"),
  "HTTP/0.9": "GET /health\r\n\r\n",
  "HTTP/9.9": text("GET /health HTTP/9.9", host),
  "HTTP/2's preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a TLS hello": "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
  "line noise": "\u0000\u0001\u00ff\u00fe\r\n\r\n",
  "another server's address": text("GET http://evil.example/health HTTP/1.1", host),
  "the whole server": text("OPTIONS * HTTP/1.1", host),
  "a tunnel": text("CONNECT 127.0.0.1:22 HTTP/1.1", host),
  "an echo": text("TRACE /health HTTP/1.1", host),
  "an unknown method": text("BREW /health HTTP/1.1", host),
  "a method in small letters": text("get /health HTTP/1.1", host),
  "a path of 10,000 letters": text(`GET /${"a".repeat(10_000)} HTTP/1.1`, host),
  "a path with a zero byte": text("GET /\u0000 HTTP/1.1", host),
  "a path with broken escapes": text("GET /%ff%zz%c0%ae HTTP/1.1", host),
  "20 KB of one header": text("GET /health HTTP/1.1", host, `X-A: ${"a".repeat(20_000)}`),
  "3,000 headers": text(
    "GET /health HTTP/1.1",
    host,
    ...Array.from({ length: 3000 }, (_, i) => `X-${i}: 1`),
  ),
  "a header without a colon": text("GET /health HTTP/1.1", host, "nonsense"),
  "a header with a zero byte": text("GET /health HTTP/1.1", host, "X-A: a\u0000b"),
  "a folded header": text("GET /health HTTP/1.1", host, "X-A: a", "  b"),
  "two lengths":
    text("POST /v1/completions HTTP/1.1", host, json, "Content-Length: 2", "Content-Length: 3") +
    "{}",
  "a negative length": text("POST /v1/completions HTTP/1.1", host, json, "Content-Length: -1"),
  "a length in words": text("POST /v1/completions HTTP/1.1", host, json, "Content-Length: two"),
  "a length of many digits": text(
    "POST /v1/completions HTTP/1.1",
    host,
    json,
    `Content-Length: ${"9".repeat(30)}`,
  ),
  "a length and chunks": `${text(
    "POST /v1/completions HTTP/1.1",
    host,
    json,
    "Content-Length: 2",
    "Transfer-Encoding: chunked",
  )}0\r\n\r\n`,
  "chunks of no size":
    text("POST /v1/completions HTTP/1.1", host, json, "Transfer-Encoding: chunked") +
    "zz\r\n{}\r\n0\r\n\r\n",
  "a chunk of a huge size":
    text("POST /v1/completions HTTP/1.1", host, json, "Transfer-Encoding: chunked") +
    "ffffffffffffffffff\r\n{}",
  "an unknown transfer encoding": text(
    "POST /v1/completions HTTP/1.1",
    host,
    json,
    "Transfer-Encoding: gzip",
    "Connection: close",
  ),
  "a compressed body": `${text(
    "POST /v1/completions HTTP/1.1",
    host,
    json,
    "Content-Encoding: gzip",
    "Content-Length: 4",
  )}\u001f\u008b\u0008\u0000`,
  "no type of content": `${text("POST /v1/completions HTTP/1.1", host, "Content-Length: 2")}{}`,
  "another type of content":
    text("POST /v1/completions HTTP/1.1", host, "Content-Type: text/plain", "Content-Length: 2") +
    "{}",
  "a form": `${text(
    "POST /v1/completions HTTP/1.1",
    host,
    "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: 3",
  )}a=b`,
  "an odd type of content": `${text(
    "POST /v1/completions HTTP/1.1",
    host,
    'Content-Type: application/json; charset="x',
    "Content-Length: 2",
  )}{}`,
  "a socket of the web": text(
    "GET /health HTTP/1.1",
    host,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==",
    "Sec-WebSocket-Version: 13",
  ),
  "a page of another origin": `${text(
    "POST /v1/completions HTTP/1.1",
    host,
    json,
    "Origin: http://evil.example",
    "Content-Length: 2",
  )}{}`,
  "a body with GET": `${text("GET /v1/models HTTP/1.1", host, json, "Content-Length: 2")}{}`,
  "a body with DELETE": `${text("DELETE /api/models/none HTTP/1.1", host, json, "Content-Length: 2")}{}`,
  "a wish to go on":
    text("POST /v1/completions HTTP/1.1", host, json, "Expect: 100-continue", "Content-Length: 2") +
    "{}",
  "an odd wish": `${text("POST /v1/completions HTTP/1.1", host, json, "Expect: tea", "Content-Length: 2")}{}`,
  "a range": text("GET /openapi.json HTTP/1.1", host, "Range: bytes=0-9999999999,1-2,-5"),
  "a HEAD": text("HEAD /docs HTTP/1.1", host),
};

/** Ids that lead elsewhere where they are taken for paths. */
export const oddIds: readonly string[] = [
  "..",
  "../..",
  "..%2f..%2f..%2f..%2fetc%2fpasswd",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "..%5c..%5cwindows%5cwin.ini",
  "%252e%252e%252fetc%252fpasswd",
  "%2fetc%2fpasswd",
  "....%2f%2f....%2f%2fetc%2fpasswd",
  "%00",
  "a%00.json",
  "%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "%7B%7D",
  "-1",
  "1e9",
  "%F0%9F%98%80",
  "a".repeat(3000),
];
