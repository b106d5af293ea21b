/** `/openapi.json`, and the page at `/docs`. */
import { type Area, addRoute, type ServeCall } from "../http/index.js";
import { apiDocument } from "./document.js";
import type { OpenApiDocument } from "./openApi.js";
import { drawDocsPage } from "./page.js";
import { script } from "./script.js";
import { style } from "./style.js";
import type { DocsLanguage } from "./texts.js";

export const docsRoutes: Area = (app, context) => {
  let document: OpenApiDocument | undefined;
  // Routes may be added until the first request comes.
  const described = () => {
    document ??= apiDocument(app, context.version);
    return document;
  };
  const file = (path: string, type: string, text: string) => {
    addRoute(app, { method: "get", path, hide: true, responses: {} }, (c) =>
      c.body(text, 200, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" }),
    );
  };
  addRoute(app, { method: "get", path: "/openapi.json", hide: true, responses: {} }, (c) =>
    c.json(described()),
  );
  addRoute(app, { method: "get", path: "/docs", hide: true, responses: {} }, (c) => {
    const [model] = context.engine.models();
    const options = {
      language: languageOf(c),
      model: model?.name ?? "MODEL",
      needsKey: context.access.keyHash !== null,
    };
    return c.html(drawDocsPage(described(), options));
  });
  file("/docs/page.css", "text/css", style);
  file("/docs/page.js", "text/javascript", script);
};

/** What the address asks for, else what the browser prefers. */
function languageOf(c: ServeCall): DocsLanguage {
  const asked = c.req.query("lang");
  if (asked === "zh" || asked === "en") return asked;
  const [first = ""] = (c.req.header("accept-language") ?? "").split(",");
  return first.trim().toLowerCase().startsWith("zh") ? "zh" : "en";
}
