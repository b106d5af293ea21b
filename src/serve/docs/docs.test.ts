import { describe, expect, it } from "vitest";
import { exampleBody, examplesOf } from "./examples.js";
import type { OpenApiDocument } from "./openApi.js";
import { drawDocsPage } from "./page.js";

const document: OpenApiDocument = {
  openapi: "3.1.0",
  info: { title: "t", version: "1" },
  paths: {
    "/v1/chat/completions": {
      post: {
        tags: ["OpenAI"],
        summary: "Answers <b>",
        requestBody: {
          content: { "application/json": { schema: { $ref: "#/components/schemas/Chat" } } },
        },
        responses: {},
      },
    },
    "/v1/models/{model}": { get: { tags: ["Models"], responses: {} } },
    "/api/models/{model}": { delete: { tags: ["Models"], responses: {} } },
  },
  components: {
    schemas: {
      Chat: {
        type: "object",
        required: ["model"],
        properties: {
          model: { type: "string" },
          temperature: {
            type: ["number", "null"],
            minimum: 0,
            maximum: 2,
            description: "How <hot>.",
          },
          stop: {
            anyOf: [
              { type: "string" },
              { type: "array", items: { type: "string" } },
              { type: "null" },
            ],
          },
        },
      },
    },
  },
};

describe("the page of the API", () => {
  it("shows routes, fields and examples, whatever they hold, in both languages", () => {
    const english = drawDocsPage(document, { language: "en", model: "</pre><i>", needsKey: true });
    expect(english).toContain("Answers &lt;b&gt;");
    expect(english).toContain("How &lt;hot&gt;.");
    expect(english).toContain("number, 0 to 2");
    expect(english).toContain("string or list of string");
    expect(english).not.toContain("<i>");
    expect(english).toContain('id="key"');
    const chinese = drawDocsPage(document, { language: "zh", model: "m", needsKey: false });
    expect(chinese).toContain('lang="zh-CN"');
    expect(chinese).toContain("回答一段对话");
    expect(chinese).toContain("字符串 或 字符串列表");
    expect(chinese).not.toContain('id="key"');
    // Scripts and styles inside the page would be refused by its own policy.
    expect(english).not.toMatch(/<style|<script>|\son\w+="|\sstyle="/);
  });

  it("offers to try what changes nothing", () => {
    const page = drawDocsPage(document, { language: "en", model: "m", needsKey: false });
    const tried = [...page.matchAll(/data-method="(\w+)" data-path="([^"]+)"/g)].map(
      (one) => `${one[1]} ${one[2]}`,
    );
    expect(tried).toEqual(["post /v1/chat/completions", "get /v1/models/{model}"]);
  });
});

describe("examples", () => {
  it("quote what a shell and Python read otherwise", () => {
    const { curl, python } = examplesOf(
      "post",
      "/generate",
      { inputs: "it's", do_sample: false },
      true,
    );
    expect(curl).toContain(`"inputs": "it'\\''s"`);
    expect(curl).toContain('-H "Authorization: Bearer $TUNEWRIGHT_API_KEY"');
    expect(python).toContain('"do_sample": False');
  });
  it("use OpenAI's clients where they can", () => {
    const key = "post /v1/chat/completions";
    const { python, javascript } = examplesOf(
      "post",
      "/v1/chat/completions",
      exampleBody(key, "m"),
      false,
    );
    expect(python).toContain('client.chat.completions.create(\n    model="m",');
    expect(javascript).toContain("client.chat.completions.create({");
  });
});
