import { expect, it } from "vitest";
import { exampleScripts, readScript } from "./script";

it("reads what chat --script reads", () => {
  expect(readScript('["one", "two\\nlines"]')).toEqual([
    { user: "one", reference: null },
    { user: "two\nlines", reference: null },
  ]);
  expect(readScript("\uFEFFone\r\n\r\ntwo\n")).toHaveLength(2);
});

it("takes the answers of a conversation as reference", () => {
  const row = JSON.stringify({
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: "q1" },
      { role: "assistant", content: "a1" },
      { role: "user", content: "q2" },
    ],
  });
  const turns = [
    { user: "q1", reference: "a1" },
    { user: "q2", reference: null },
  ];
  expect(readScript(row)).toEqual(turns);
  expect(readScript(`${row}\n${row}\n`)).toEqual(turns);
});

it("says what is wrong", () => {
  expect(
    [" \n", "[", "[1]", "[]", "{}", '{"messages":[{"role":"tool","content":""}]}'].map(readScript),
  ).toEqual(["empty", "json", "strings", "empty", "roles", "roles"]);
});

it("has eleven turns in both languages", () => {
  expect(exampleScripts.en).toHaveLength(11);
  expect(exampleScripts.zh).toHaveLength(11);
});
