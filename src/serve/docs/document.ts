/** The API as an OpenAPI document, made of the routes themselves. */
import { isPublic, type ServeApp } from "../http/index.js";
import { answerContents, answerSchemas, errorContent } from "./answers.js";
import type { OpenApiDocument, Operation } from "./openApi.js";

/**
 * Describes all routes that the application has by now.
 * @returns a document of OpenAPI 3.1
 */
export function apiDocument(app: ServeApp, version: string): OpenApiDocument {
  const generated = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Tunewright",
      version,
      description:
        "Models over HTTP: OpenAI's API, and what the page uses. Errors have OpenAI's shape everywhere.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: "./" }],
    security: [{ apiKey: [] }],
  });
  // Plain data, so that it can be added to.
  const document = JSON.parse(JSON.stringify(generated)) as OpenApiDocument;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      complete(operation, method, path);
    }
  }
  const used = Object.values(document.paths).flatMap((one) => Object.values(one));
  const known = new Set(used.flatMap((operation) => operation.tags ?? []));
  document.tags = [...known].map((name) => ({ name }));
  document.components.schemas = { ...answerSchemas, ...document.components.schemas };
  document.components.securitySchemes = {
    apiKey: {
      type: "http",
      scheme: "bearer",
      description: "Only where the server was started with an API key.",
    },
  };
  return document;
}

/** Adds what every route has: parameters of its path, an id, errors, whether it needs a key. */
function complete(operation: Operation, method: string, path: string): void {
  const declared = new Set((operation.parameters ?? []).map(({ name }) => name));
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const missing = inPath.filter((name) => !declared.has(name));
  if (missing.length > 0) {
    operation.parameters = [
      ...(operation.parameters ?? []),
      ...missing.map((name) => ({
        name,
        in: "path" as const,
        required: true,
        schema: { type: "string" },
      })),
    ];
  }
  // The routes' own word, of which OpenAPI knows nothing.
  delete operation.hide;
  operation.operationId ??= operationId(method, path);
  if (method === "get" && isPublic(path)) operation.security = [];
  else operation.responses["401"] ??= { description: "The API key is missing or wrong" };
  if (operation.requestBody) {
    operation.requestBody.required = true;
    operation.responses["413"] ??= { description: "The body is too large" };
    operation.responses["415"] ??= { description: "The body is not application/json" };
  }
  const content = answerContents[`${method} ${path}`];
  const ok = operation.responses["200"];
  if (ok && content) ok.content ??= content;
  for (const [status, response] of Object.entries(operation.responses)) {
    if (Number(status) >= 400) response.content ??= errorContent;
  }
}

/** `postV1ChatCompletions` of `post /v1/chat/completions`. */
function operationId(method: string, path: string): string {
  const parts = path.split(/[^\w]+/).filter((part) => part !== "");
  return method + parts.map((part) => part[0]!.toUpperCase() + part.slice(1)).join("");
}
