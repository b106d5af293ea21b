/** The API described: the document by OpenAPI's rules, and the page in Chromium. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, launchBrowser } from "./browser.js";
import { expectAccessible, openPage, type PageServer, startServer } from "./page/openPage.js";
import { untilReady } from "./serveReady.js";

const patient = { timeout: 30_000 };

let server: PageServer;
beforeAll(async () => {
  server = await startServer(["--quiet"]);
});
afterAll(async () => {
  await server.stop();
});

interface Operation {
  operationId: string;
  summary: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string }>;
  security?: Record<string, unknown>[];
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  security: object[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

async function document(): Promise<Document> {
  const answer = await fetch(`${server.address}/openapi.json`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Document;
}

describe("/openapi.json", () => {
  it("keeps to OpenAPI 3.1", async () => {
    const { openapi, info, paths, components } = await document();
    expect(openapi).toBe("3.1.0");
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
    const ids = new Set<string>();
    const known = [
      "tags",
      "summary",
      "description",
      "operationId",
      "parameters",
      "requestBody",
      "responses",
      "security",
      "deprecated",
    ];
    for (const [path, operations] of Object.entries(paths)) {
      expect(path).toMatch(/^\//);
      for (const [method, operation] of Object.entries(operations)) {
        const name = `${method} ${path}`;
        expect(["get", "post", "put", "delete"], name).toContain(method);
        expect(
          Object.keys(operation).filter((key) => !known.includes(key)),
          name,
        ).toEqual([]);
        expect(operation.summary, name).toBeTruthy();
        expect(ids.has(operation.operationId), name).toBe(false);
        ids.add(operation.operationId);
        const inPath = (operation.parameters ?? []).filter((one) => one.in === "path");
        const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((one) => one[1]);
        expect(inPath.map((one) => one.name).sort(), name).toEqual(wanted.sort());
        expect(
          inPath.every(({ required, schema }) => required && schema),
          name,
        ).toBe(true);
        expect(Object.keys(operation.responses).length, name).toBeGreaterThan(0);
        for (const [status, response] of Object.entries(operation.responses)) {
          expect(status, name).toMatch(/^[1-5]\d\d$/);
          expect(response.description, name).toBeTruthy();
        }
        for (const wish of operation.security ?? []) {
          for (const scheme of Object.keys(wish))
            expect(components.securitySchemes).toHaveProperty(scheme);
        }
      }
    }
    const text = JSON.stringify({ paths, components });
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      expect(components.schemas).toHaveProperty(name!);
    }
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
  });

  it("describes what OpenAI's clients ask for, and says which routes need no key", async () => {
    const { paths, security } = await document();
    for (const path of ["/v1/models", "/v1/chat/completions", "/v1/completions", "/generate"]) {
      expect(paths).toHaveProperty([path]);
    }
    expect(security).toEqual([{ apiKey: [] }]);
    expect(paths["/health"]!.get!.security).toEqual([]);
    expect(paths["/v1/models"]!.get!.security).toBeUndefined();
    expect(Object.keys(paths["/v1/chat/completions"]!.post!.responses)).toEqual(
      expect.arrayContaining(["200", "400", "401", "413", "415", "429", "503"]),
    );
  });
});

describe("POST /generate", () => {
  const ask = (body: unknown, path = "generate") =>
    fetch(`${server.address}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  it("answers as Firefly's service does", async () => {
    await untilReady(server.address);
    const inputs = " What is the capital of France? ";
    const body = { inputs, max_new_tokens: 12, do_sample: false, repetition_penalty: 1 };
    for (const path of ["generate", "firefly"]) {
      const answer = await ask(body, path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({
        input: inputs.trim(),
        output: expect.stringContaining("Paris"),
      });
    }
  });

  it("refuses what would change the answer and is not done", async () => {
    const answer = await ask({ inputs: "a", num_beams: 4 });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(await answer.json())).toContain("num_beams");
    expect((await ask({ inputs: "  " })).status).toBe(400);
    expect((await ask({ inputs: "a", model: "none" })).status).toBe(404);
  });
});

describe.skipIf(!hasBrowser)("the page at /docs", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
    await untilReady(server.address);
  });
  afterAll(async () => {
    await browser.close();
  });

  it.each([
    ["en", "light", 1440],
    ["zh", "dark", 820],
    ["zh", "light", 390],
  ] as const)("is readable in %s, %s, %i pixels wide", async (language, theme, width) => {
    const open = await openPage(browser, server.address, "docs", { language, theme, width });
    const { page } = open;
    await expect
      .poll(() => page.evaluate("document.documentElement.lang"))
      .toMatch(new RegExp(`^${language}`));
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe(theme);
    for (const summary of await page.locator("#post-v1-chat-completions summary").all())
      await summary.click();
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await expectAccessible(page);
    expect(open.faults).toEqual([]);
    expect(open.foreign).toEqual([]);
    await open.close();
  });

  it("sends a request and shows the stream, and names the server's own address in examples", async () => {
    const { page, faults, close } = await openPage(browser, server.address, "docs");
    const card = page.locator("#post-v1-chat-completions");
    expect(await card.locator("pre[data-example]").first().textContent()).toContain(server.address);
    await card.locator("summary").last().click();
    await card.locator("textarea").fill(
      JSON.stringify({
        model: "smollm2-135m",
        messages: [{ role: "user", content: "What is the capital of France?" }],
        max_tokens: 8,
        temperature: 0,
        stream: true,
      }),
    );
    await card.locator("form button").click();
    // The page's own policy lets no text be evaluated, as waiting for a function would.
    await expect.poll(() => card.locator("form pre").textContent(), patient).toContain("[DONE]");
    await expect.poll(() => card.getByRole("status").textContent(), patient).toMatch(/^200/);
    const tab = card.getByRole("tab", { name: "Python" });
    await tab.click();
    expect(await tab.getAttribute("aria-selected")).toBe("true");
    expect(faults).toEqual([]);
    await close();
  });
});
