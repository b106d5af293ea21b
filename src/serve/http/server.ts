/** The HTTP server under the application: its limits, and what it says to what is no HTTP. */
import { createServer, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { type ErrorStatus, errorBody, HttpError } from "./errors.js";
import type { ServeApp } from "./types.js";

/** Connections at once; further ones are closed. */
const mostConnections = 512;

/** Makes the server; it does not listen yet. */
export function createHttpServer(app: ServeApp): Server {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 20_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 15_000,
      connectionsCheckingInterval: 5000,
      requireHostHeader: false,
    },
    getRequestListener(app.fetch, { errorHandler: answerNoUrl }),
  );
  server.maxConnections = mostConnections;
  server.maxRequestsPerSocket = 10_000;
  server.on("clientError", answerNoHttp);
  server.on("checkExpectation", (_, response: ServerResponse) => {
    const error = new HttpError(400, "The Expect header asks for what this server does not do");
    response.writeHead(417, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify(errorBody(error)));
  });
  return server;
}

/** A request whose Host header and path make no URL: the application never sees it. */
function answerNoUrl(): Response {
  const error = new HttpError(400, "The Host header and the path of the request make no URL");
  return Response.json(errorBody(error), {
    status: 400,
    headers: { "x-content-type-options": "nosniff" },
  });
}

/** What cannot be parsed is answered in the shape of every error, where somebody still listens. */
function answerNoHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = describe(error.code);
  const body = JSON.stringify(errorBody(new HttpError(status as ErrorStatus, message)));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "x-content-type-options: nosniff",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function describe(code: string | undefined): [status: number, message: string] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, "The headers are too long"];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "The request took too long to arrive"];
  return [400, "This is not a request of HTTP/1.1"];
}
