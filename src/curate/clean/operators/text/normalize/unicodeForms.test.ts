import { expect, test } from "vitest";
import { changed } from "../testRows.js";
import { normalizeUnicode } from "./unicodeForms.js";

const clean = (text: string, options = {}) => changed(normalizeUnicode, text, options);

test("combining marks compose; code about them stays", async () => {
  expect(await clean("Cafe\u0301 ")).toBe("Café ");
  expect(await clean("`Cafe\u0301`")).toBe("`Cafe\u0301`");
  expect(await clean("`Cafe\u0301`", { code: true })).toBe("`Café`");
});

test("NFC leaves widths, ligatures and superscripts", async () => {
  const text = "ＡＢＣ１２３，ﬁ x² ① ½ ㎏";
  expect(await clean(text)).toBe(text);
});

test("NFKC folds compatibility forms, but neither Chinese punctuation nor what carries meaning", async () => {
  expect(await clean("ﬁne ＡＢ１２，好。（x² + ½）① … ｶﾅ", { form: "NFKC" })).toBe(
    "fine AB12，好。（x² + ½）① … カナ",
  );
});

test("half width: letters, digits, operators and the point of a decimal; Chinese punctuation stays", async () => {
  expect(await clean("Ｐｙｔｈｏｎ３．１０　＝　“好”，（是）？！", { half_width: true })).toBe(
    "Python3.10　=　“好”，（是）？！",
  );
});
