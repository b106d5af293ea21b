import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { removeEmoji } from "./emoji.js";

const clean = (text: string) => changed(removeEmoji, text);

test("emoji go whole: tones, families, flags, hearts; a keycap leaves its digit", async () => {
  expect(await clean("好👍🏽的👨‍👩‍👧🇨🇳，1️⃣ 首先 ❤️ 爱")).toBe("好的，1 首先 爱");
});

test("no double space, and none before punctuation, is left", async () => {
  expect(await clean("hello 🎉 world 😀! bye 👋")).toBe("hello world! bye");
  expect(await clean("🚀 Go\n🎯 done 🚗😍\nx")).toBe("Go\ndone\nx");
});

test("signs that are text stay, digits stay, code stays", async () => {
  const text = "© ® ™ ✔ ✓ ★ ☆ → ↔ ① ½ 123 #1 * ㊗ ♀ `🐶`";
  expect(await clean(text)).toBe(text);
});
