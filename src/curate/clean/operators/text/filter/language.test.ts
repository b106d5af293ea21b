import { expect, test } from "vitest";
import { reason } from "../testRows.js";
import { filterLanguage } from "./language.js";

const french =
  "Bonjour à tous, je voudrais savoir comment préparer une bonne tarte aux pommes pour dimanche.";
const japanese = "東京は日本の首都です。とても大きな町で、毎日たくさんの人が働いています。";
const english = "Please tell me how I can bake a good apple pie for next Sunday, thank you.";
const chinese = "请告诉我周日怎样才能烤出一个好吃的苹果派，谢谢，我会认真学习的。";

test("Chinese, English and the two mixed pass", async () => {
  for (const text of [
    chinese,
    english,
    `${chinese} ${english}`,
    "用 Python 的 requests 库发送 HTTP 请求，然后用 json 解析返回的数据即可。",
    "請告訴我週日怎樣才能烤出一個好吃的蘋果派。",
  ]) {
    expect(await reason(filterLanguage, text)).toBe(null);
  }
});

test("other languages are left out, and named", async () => {
  expect(await reason(filterLanguage, french)).toMatch(
    /^share of zh, en 0(\.\d+)? < 0\.5 \(mostly fr\)$/,
  );
  expect(await reason(filterLanguage, japanese)).toMatch(/\(mostly ja\)$/);
  expect(
    await reason(
      filterLanguage,
      "안녕하세요, 저는 한국어를 공부하고 있는 학생입니다. 만나서 반갑습니다.",
    ),
  ).toMatch(/\(mostly ko\)$/);
  expect(
    await reason(filterLanguage, "Привет, расскажите мне, пожалуйста, как испечь яблочный пирог."),
  ).toMatch(/\(mostly ru\)$/);
});

test("short texts, code, addresses and names pass", async () => {
  for (const text of [
    "Merci !",
    `\`\`\`\n${french}\n\`\`\``,
    "https://www.exemple.fr/comment/preparer/une/bonne/tarte/aux/pommes/pour/dimanche",
    "日本流行音乐艺术家：宇多田光 (Utada Hikaru)、滨崎步、椎名林檎、米津玄师、サカナクション，他们的歌都很受欢迎。",
  ]) {
    expect(await reason(filterLanguage, text)).toBe(null);
  }
});

test("a translation passes by the half that is wanted, and the share can be raised", async () => {
  const translation = `${french}\n${chinese}${chinese}`;
  expect(await reason(filterLanguage, translation)).toBe(null);
  expect(await reason(filterLanguage, translation, { minimum: 0.9 })).toMatch(/mostly zh/);
  expect(await reason(filterLanguage, french, { languages: ["fr"] })).toBe(null);
  expect(await reason(filterLanguage, japanese, { languages: ["ja"] })).toBe(null);
});
