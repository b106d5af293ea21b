/** The HTTP side: the application, its rules, and the routes of OpenAI's API and of the server itself. */

export { withoutPaths } from "../withoutPaths.js";
export { hashOfKey, isLoopback } from "./access.js";
export { apiRoutes, freeName, modelName, serverStatus } from "./apiRoutes.js";
export { asHttpError, createApp } from "./app.js";
export { mostBodyBytes, parseWith, readJson, readValue } from "./body.js";
export {
  badRequest,
  errorBody,
  HttpError,
  type HttpErrorDetail,
  lineOf,
  notFound,
  unavailable,
} from "./errors.js";
export { type EventSink, eventStream } from "./eventStream.js";
export { healthRoutes } from "./healthRoutes.js";
export { modelRoutes, unknownModel } from "./modelRoutes.js";
export { pageRoutes } from "./pageRoutes.js";
export { isPublic } from "./publicRoutes.js";
export { addRoute, type Route, routesOf } from "./routes.js";
export { createHttpServer } from "./server.js";
export type { Area, RequestNote, ServeApp, ServeCall, ServeEnv } from "./types.js";
