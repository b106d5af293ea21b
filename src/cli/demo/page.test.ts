import { afterEach, expect, test, vi } from "vitest";
import { createPage } from "./page.js";

afterEach(() => vi.unstubAllEnvs());

function capture(terminal: { isTTY?: boolean; columns?: number }) {
  const stream = { ...terminal, text: "", write: (text: string) => (stream.text += text) };
  return stream;
}

test("a pipe gets plain text of one width, with the time in headings", () => {
  const stream = capture({});
  const page = createPage(stream, () => 83.7);
  page.heading("1. Title");
  page.say("word ".repeat(40));
  expect(stream.text).toContain("\n1. Title  [1:23]\n");
  expect(stream.text).not.toContain("\u001b");
  expect(page.columns).toBe(96);
});

test("a terminal gets colours and its own width, unless NO_COLOR is set", () => {
  vi.stubEnv("NO_COLOR", "");
  const page = createPage(capture({ isTTY: true, columns: 72 }), () => 0);
  expect(page.columns).toBe(71);
  expect(page.paint.bold("x")).toBe("\u001b[1mx\u001b[0m");
  vi.stubEnv("NO_COLOR", "1");
  expect(createPage(capture({ isTTY: true, columns: 300 }), () => 0)).toMatchObject({
    color: false,
    columns: 120,
  });
});
