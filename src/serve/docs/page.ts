/** The API as a page for people. */
import { type Markup, markup } from "../../util/markup.js";
import { exampleBody, examplesOf } from "./examples.js";
import {
  type OpenApiDocument,
  type Operation,
  resolveSchema,
  type SchemaObject,
} from "./openApi.js";
import {
  chineseFields,
  chineseRoutes,
  type DocsLanguage,
  englishFields,
  pageTexts,
  type TypeTexts,
  typeTexts,
} from "./texts.js";

export interface DocsPageOptions {
  language: DocsLanguage;
  /** Named in examples. */
  model: string;
  needsKey: boolean;
}

interface Route {
  method: string;
  path: string;
  operation: Operation;
}

/** Draws the page; it loads `docs/page.css` and `docs/page.js`, and nothing else. */
export function drawDocsPage(document: OpenApiDocument, options: DocsPageOptions): string {
  const { language, needsKey } = options;
  const t = pageTexts[language];
  const other = language === "en" ? "zh" : "en";
  const groups = groupsOf(document);
  const contents = groups.map(
    ([name, routes]) => markup`<h2>${groupName(name, language)}</h2>
<ul>${routes.map(({ method, path }) => markup`<li><a href="#${anchor(method, path)}"><span class="method">${method}</span>${path}</a></li>`)}</ul>
`,
  );
  const sections = groups.map(
    ([name, routes]) => markup`<section aria-label="${groupName(name, language)}">
<h2>${groupName(name, language)}</h2>
${routes.map((route) => routeCard(document, route, options))}</section>
`,
  );
  const key = needsKey
    ? markup`<p>${t.keyNeeded}</p>
<label>${t.keyLabel}<input id="key" type="password" autocomplete="off"></label>`
    : markup`<p>${t.keyless}</p>`;
  return markup`<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${t.title} · Tunewright</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="docs/page.css">
<script src="docs/page.js"></script>
</head>
<body>
<a class="skip" href="#routes">${t.skip}</a>
<header class="bar">
<a class="home" href="./"><img src="icon.svg" alt="" width="24" height="24">Tunewright</a>
<div class="links"><a href="openapi.json">${t.document}</a>
<a href="?lang=${other}" data-language="${other}" lang="${other === "zh" ? "zh-CN" : "en"}">${t.otherLanguage}</a></div>
</header>
<div class="frame">
<nav class="contents" aria-label="${t.contents}">
${contents}</nav>
<main id="routes">
<div class="intro"><h1>${t.title}</h1><p>${t.lead}</p>${key}</div>
${sections}</main>
</div>
</body>
</html>
`.html;
}

/** Routes by their first tag, OpenAI's first. */
function groupsOf({ paths }: OpenApiDocument): [string, Route[]][] {
  const groups = new Map<string, Route[]>([["OpenAI", []]]);
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const name = operation.tags?.[0] ?? "Server";
      groups.set(name, [...(groups.get(name) ?? []), { method, path, operation }]);
    }
  }
  return [...groups].filter(([, routes]) => routes.length > 0);
}

function groupName(name: string, language: DocsLanguage): string {
  return language === "zh" ? (chineseRoutes[name] ?? name) : name;
}

function anchor(method: string, path: string): string {
  return `${method}${path.replaceAll(/[^\w]+/g, "-")}`;
}

function routeCard(document: OpenApiDocument, route: Route, options: DocsPageOptions): Markup {
  const { method, path, operation } = route;
  const { language, model } = options;
  const key = `${method} ${path}`;
  const summary = (language === "zh" && chineseRoutes[key]) || operation.summary || path;
  const about =
    operation.description && language === "en"
      ? markup`<p class="about">${operation.description}</p>`
      : markup``;
  const body = exampleBody(key, model);
  // Other routes than these and readings change something, for which a page is no place to try.
  const canTry = method === "get" || (body !== undefined && !path.startsWith("/api/"));
  return markup`<article class="card" id="${anchor(method, path)}">
<header><h3>${summary}</h3><div class="path"><span class="method">${method}</span>${path}</div></header>
${about}
${examples(route, body, options)}
${bodyFields(document, operation, language)}
${canTry ? tryForm(route, body, language) : markup``}
</article>
`;
}

function examples(
  { method, path }: Route,
  body: object | undefined,
  { language, needsKey }: DocsPageOptions,
): Markup {
  const t = pageTexts[language];
  const texts = examplesOf(method, path, body, needsKey);
  const id = anchor(method, path);
  const all = [
    ["curl", texts.curl],
    ["Python", texts.python],
    ["JavaScript", texts.javascript],
  ] as const;
  const tabs = all.map(
    ([name], at) =>
      markup`<button type="button" role="tab" id="${id}-tab-${at}" aria-controls="${id}-panel-${at}" aria-selected="${at === 0 ? "true" : "false"}" tabindex="${at === 0 ? 0 : -1}">${name}</button>`,
  );
  const panels = all.map(
    ([, text], at) =>
      markup`<pre role="tabpanel" tabindex="0" id="${id}-panel-${at}" aria-labelledby="${id}-tab-${at}" data-example${at === 0 ? "" : { html: " hidden" }}>${text}</pre>`,
  );
  return markup`<div data-examples>
<div class="tabs"><div class="row" role="tablist" aria-label="${t.examples}">${tabs}</div>
<button type="button" class="copy" data-done="${t.copied}" data-failed="${t.notCopied}">${t.copy}</button></div>
${panels}</div>`;
}

function bodyFields(
  document: OpenApiDocument,
  { requestBody }: Operation,
  language: DocsLanguage,
): Markup {
  const schema = requestBody?.content["application/json"]?.schema;
  if (!schema) return markup``;
  const t = pageTexts[language];
  const { properties = {}, required = [] } = resolveSchema(document, schema);
  const rows = Object.entries(properties).map(([name, field]) => {
    const english =
      resolveSchema(document, field).description ?? field.description ?? englishFields[name] ?? "";
    const about = language === "zh" ? (chineseFields[name] ?? english) : english;
    const need = required.includes(name) ? ` (${t.required})` : "";
    return markup`<tr><th scope="row"><code>${name}</code>${need}</th><td>${typeText(document, field, typeTexts[language])}</td><td class="about">${about}</td></tr>
`;
  });
  return markup`<details><summary>${t.fields}</summary>
<div class="wide" tabindex="0" role="region" aria-label="${t.fields}"><table><thead><tr><th scope="col">${t.field}</th><th scope="col">${t.type}</th><th scope="col">${t.meaning}</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

/** `number, 0 to 2`, `string or list of string`. */
function typeText(document: OpenApiDocument, given: SchemaObject, t: TypeTexts): string {
  const schema = resolveSchema(document, given);
  const forms = schema.anyOf ?? schema.oneOf;
  if (forms) {
    const texts = forms.map((form) => typeText(document, form, t)).filter((text) => text !== "");
    return [...new Set(texts)].join(t.or);
  }
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = [schema.type ?? "any"].flat().filter((type) => type !== "null");
  if (types.includes("array")) return t.list(typeText(document, schema.items ?? {}, t));
  const text = types.map((type) => t.names[type] ?? type).join(t.or);
  const [least, most] = [schema.minimum, schema.maximum].map((bound) =>
    // Bounds beyond what anybody gives say nothing.
    bound === undefined || Math.abs(bound) > 1e6 ? undefined : bound.toLocaleString("en"),
  );
  if (least !== undefined && most !== undefined) return `${text}, ${t.between(least, most)}`;
  if (least !== undefined) return `${text}, ${t.atLeast(least)}`;
  return most === undefined ? text : `${text}, ${t.atMost(most)}`;
}

function tryForm(
  { method, path }: Route,
  body: object | undefined,
  language: DocsLanguage,
): Markup {
  const t = pageTexts[language];
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const inputs = names.map(
    (name) => markup`<label>${name}<input name="${name}" required autocomplete="off"></label>
`,
  );
  const text = body === undefined ? "" : JSON.stringify(body, null, 2);
  const area =
    body === undefined
      ? markup``
      : markup`<label>${t.body}<textarea name="body" spellcheck="false">${text}</textarea></label>
`;
  return markup`<details><summary>${t.tryIt}</summary>
<form class="try" data-try data-method="${method}" data-path="${path}" data-stop="${t.stop}" data-stopped="${t.stopped}" data-sending="${t.sending}">
${inputs}${area}<div class="row"><button class="main">${t.send}</button><span role="status"></span></div>
<pre class="wrap" tabindex="0" hidden></pre></form></details>`;
}
