/** Operators on conversations, each with Chinese and English cases that it takes and leaves. */
import { describe, expect, test } from "vitest";
import { assistant, user } from "../../../../data/testFiles.js";
import type { Message } from "../../../../text/index.js";
import { isRejection } from "../../operator.js";
import { operatorNamed, resolvePipeline } from "../../pipeline.js";
import { rowCleaner } from "../../rowCleaner.js";
import { longestLoop } from "./loops.js";
import { truncationOf } from "./truncation.js";

/** What an operator makes of messages: the reason, `same`, or the contents. */
async function clean(operator: string, messages: Message[], options: Record<string, unknown> = {}) {
  const [step] = resolvePipeline({ operators: [{ [operator]: options }] }, "test");
  const row = { messages, rest: {} };
  const before = JSON.stringify(row);
  const result = await operatorNamed(operator, "test").prepare(step!.options)(row);
  expect(JSON.stringify(row)).toBe(before);
  if (isRejection(result)) return result.reason;
  return result === row ? "same" : result.messages.map(({ content }) => content);
}

const talk = (...texts: string[]) =>
  texts.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text)));

test("drop_empty_turns cuts at the end and leaves out rows that are empty elsewhere", async () => {
  expect(await clean("drop_empty_turns", talk("问", "答", "再问", " nan "))).toEqual(["问", "答"]);
  expect(await clean("drop_empty_turns", talk("q", "a", "b"))).toEqual(["q", "a"]);
  expect(await clean("drop_empty_turns", talk("q", "", "b", "c"))).toMatch("exchange 1 of 2");
  expect(await clean("drop_empty_turns", talk("q", " "))).toMatch("empty");
  expect(await clean("drop_empty_turns", [user("q")])).toMatch("exchange 1 of 1 has no answer");
  expect(await clean("drop_empty_turns", [user("一"), user("二"), assistant("三")])).toBe("same");
  expect(await clean("drop_empty_turns", talk("问", "答"))).toBe("same");
});

test("the presets join a question that comes in two messages", async () => {
  const row = { messages: [user("一"), user("二"), assistant("三。")], rest: {} };
  const { row: cleaned } = await rowCleaner(resolvePipeline({ preset: "chat" }, "test"))(row);
  expect(cleaned?.messages.map(({ content }) => content)).toEqual(["一\n二", "三。"]);
});

test("reasoning is cleaned, and judged, like an answer", async () => {
  const thought = (reasoning: string) => [
    user("q"),
    { ...assistant("好。"), reasoning_content: reasoning },
  ];
  const reasoningOf = async (operator: string, reasoning: string) => {
    const run = operatorNamed(operator, "test");
    const row = { messages: thought(reasoning), rest: {} };
    const result = await run.prepare(run.options.parse({}))(row);
    return isRejection(result) ? result.reason : result.messages[1]!.reasoning_content;
  };
  expect(await reasoningOf("convert_chinese", "讓我想想")).toBe("让我想想");
  expect(await reasoningOf("remove_invisible_characters", "let\u200b me")).toBe("let me");
  expect(await reasoningOf("remove_template_markers", "嗯<eot_id><|eot_id|>")).toBe("嗯<eot_id>");
  const loop = "Wait, let me think again. ".repeat(30);
  expect(await reasoningOf("filter_degenerate_repetition", loop)).toMatch(/times in a row/);
  expect(await reasoningOf("filter_word_repetition", loop)).toMatch(/repetition/);
  expect(await reasoningOf("filter_mojibake", "锟斤拷锟斤拷")).toMatch(/wrongly decoded/);
});

test("fix_role_order joins neighbours and drops what has no partner", async () => {
  const broken = [assistant("hi"), user("一"), user("二"), assistant("三"), user("四")];
  expect(await clean("fix_role_order", broken)).toEqual(["一\n二", "三"]);
  expect(await clean("fix_role_order", broken, { merge_same_role: false })).toMatch(
    "after one with",
  );
  expect(await clean("fix_role_order", talk("q", "a"))).toBe("same");
});

test("filter_one_sided and filter_turn_count count questions and answers", async () => {
  expect(await clean("filter_one_sided", [user("只有问题")])).toMatch("0 answers < 1");
  expect(await clean("filter_one_sided", [assistant("only an answer")])).toMatch("0 questions");
  expect(await clean("filter_turn_count", talk("a", "b", "c", "d"), { maximum: 1 })).toMatch(
    "2 exch",
  );
  const cut = { maximum: 1, cut: true };
  expect(await clean("filter_turn_count", talk("a", "b", "c", "d"), cut)).toEqual(["a", "b"]);
});

test("drop_duplicate_turns drops an exchange said twice, and answers given to all questions", async () => {
  expect(await clean("drop_duplicate_turns", talk("问", "答", "问", "答"))).toEqual(["问", "答"]);
  const long = "这是一个很长的回答。".repeat(10);
  expect(await clean("drop_duplicate_turns", talk("甲", long, "乙", long))).toMatch(
    "two questions",
  );
  expect(await clean("drop_duplicate_turns", talk("a", "yes", "b", "yes"))).toBe("same");
});

test("filter_message_length counts code points", async () => {
  const options = { maximum_answer: 3 };
  expect(await clean("filter_message_length", talk("q", "😀😀😀"), options)).toBe("same");
  expect(await clean("filter_message_length", talk("q", "一二三四"), options)).toMatch("4 char");
});

test("filter_echoed_answers compares without punctuation and case", async () => {
  const echo = talk("What is the time?", "what is the time");
  expect(await clean("filter_echoed_answers", echo)).toMatch("message 2 repeats");
  expect(await clean("filter_echoed_answers", talk("你好", "你好！"))).toBe("same");
});

describe("truncation", () => {
  test.each([
    "萨克斯管的音色十分丰富，演奏者可以通过多种技巧来改变它的音色与音高，例如滑音、滑奏、颤音、",
    "First we look at the head of the list. Then we move on to the next one. After that we go on until the end of it and",
    "他出生于北京的一个普通家庭。他从小就喜欢读书。后来他考上了清华大学，毕业后在一家大型的科技公司里面担任",
    "Here is the code:\n```python\nprint(1)",
    "他参加了四届世界杯。他获得了一次季军。在2016年，他带领阿根廷获得了美洲杯亚军，并且在最后一场比赛里进了球，并在202",
  ])("is seen in %j", (text) => expect(truncationOf(text)).toBeDefined());

  test.each([
    "北京",
    "Paris",
    "他出生于北京。他从小就喜欢读书。后来他考上了清华大学，毕业后在一家大型的科技公司里面担任工程师。",
    "The list has three parts:\n1. Apples, which grow on trees in many countries\n2. Pears, which do too, and are as good as apples",
    "Thank you for your letter. I will answer soon. It was very kind of you to write to us.\n\nBest regards,",
    '好的设计是那种当你看到它时你会说的话：天哪！真的是这样！我也可以想到这个的。" - Paul Rand',
    "We go out. We make memories that last. We never come back before the sun is down. #travel #Wanderlust140",
    "Here is the code:\n```python\nprint(1)\n```",
    "He has 5 apples. He eats 2 of them. So the number of apples that are left in the basket is 17",
    "We add both. We divide by two. Therefore the correct answer to this question must be option B",
    "क्या यह सही है? हाँ! मैंने इसे कल ही देखा था और सब कुछ ठीक से काम कर रहा था।",
    "هل هذا صحيح؟ نعم! لقد رأيته أمس وكان كل شيء يعمل جيدا. فهل تريد أن نذهب إلى هناك معا؟",
    "สวัสดีครับ! ยินดีต้อนรับ! วันนี้อากาศดีมากและเราจะไปเที่ยวทะเลด้วยกันกับเพื่อนครับ",
    "You pay for the room. You pay for the meals. That makes for two people and a week 12 000 €",
    "床前明月光\n疑是地上霜\n举头望明月\n低头思故乡",
  ])("is not seen in %j", (text) => expect(truncationOf(text)).toBeUndefined());

  test("cuts the conversation before the answer, or leaves it out", async () => {
    const broken =
      "他出生于北京的一个普通家庭，从小就喜欢读书，后来考上大学，毕业以后在一家科技公司里工作，";
    const row = talk("问", "答。", "再问", broken);
    expect(await clean("cut_truncated_answers", row)).toEqual(["问", "答。"]);
    expect(await clean("cut_truncated_answers", row, { action: "reject" })).toMatch(
      "answer 2: ends",
    );
    expect(await clean("cut_truncated_answers", talk("问", broken))).toMatch("answer 1");
  });
});

describe("degenerate repetition", () => {
  test.each([
    `好的。${"我喜欢你，".repeat(30)}`,
    `The answer is ${"very ".repeat(40)}`,
    `${"哈".repeat(150)}`,
    Array.from({ length: 6 }, () => "This line comes again and again.\nA new one.").join("\n"),
  ])("is seen in %j", async (text) => {
    expect(await clean("filter_degenerate_repetition", talk("q", text))).toMatch(/times/);
  });

  test.each([
    "-".repeat(300),
    `| a | b |\n${"|---".repeat(60)}|`,
    `\`\`\`\n${"print('same line')\n".repeat(40)}\`\`\``,
    "哈哈哈哈哈哈",
    "一天，小明去上学。路上他看见一只猫。猫很饿，他给了它一点吃的。后来猫跟着他回家了。",
  ])("is not seen in %j", async (text) => {
    expect(await clean("filter_degenerate_repetition", talk("q", text))).toBe("same");
  });

  test("a loop of any unit is found with its length, in time that grows with the text", () => {
    expect(longestLoop("aaaaaaaaaaaaaaaaaaaa")).toEqual({ unit: "a", repeats: 20, characters: 20 });
    expect(longestLoop(`开始${"天地玄黄宇宙洪荒日月".repeat(9)}结束`)?.repeats).toBe(9);
    const noisy = Array.from({ length: 100_000 }, (_, i) => "ab  cd\t\t"[(i * i) % 8]).join("");
    const started = performance.now();
    longestLoop(noisy);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test("remove_template_markers strips them at the ends and refuses them inside", async () => {
  const stripped = await clean(
    "remove_template_markers",
    talk("<|Human|>: 你好<eoh>", "好<|im_end|>\n"),
  );
  expect(stripped).toEqual(["你好", "好"]);
  const glued = talk("q", "answer\n### Human: next\n### Assistant: more");
  expect(await clean("remove_template_markers", glued)).toMatch('has "### Human:" inside');
  const tool = talk("q", "<|Inner Thoughts|>: t<eot>\n<|Commands|>: Search(1)<eoc>");
  expect(await clean("remove_template_markers", tool)).toBe("same");
  expect(await clean("remove_template_markers", talk("划掉", "<s>错</s>的"))).toBe("same");
  const lines = talk("### Human: q", "a</s>\n### Assistant:\n <eom>");
  expect(await clean("remove_template_markers", lines)).toEqual(["q", "a"]);
  const also = { also: ["--end-of-turn--"] };
  expect(await clean("remove_template_markers", talk("问", "答--end-of-turn--"), also)).toEqual([
    "问",
    "答",
  ]);
});

/** What somebody may show who speaks of marks and variables. */
const shown = (what: string) => [
  `In short: \`${what}\` is what it is.`,
  `In short: \`\`${what}\`\` is what it is.`,
  `Like this:\n\`\`\`\n${what}\n\`\`\`\nand no other way.`,
  `Like this:\n\n    ${what}\n\nand no other way.`,
  `Write "${what}" there, or '${what}'.`,
  `这里写“${what}”或「${what}」。`,
  `> ${what}\n\nThat is what they wrote.`,
  `| mark | use |\n|---|---|\n| ${what} | one |`,
  `Use <code>${what}</code> here.`,
];

test.each(["<|im_end|>", "<|im_start|>user", "[INST] x [/INST]", "<eoh>"])(
  "remove_template_markers leaves %s where it is shown",
  async (mark) => {
    for (const text of [...shown(mark), `{"eos_token": "${mark}"}`, `It ends with \`${mark}\``]) {
      expect(await clean("remove_template_markers", talk("q", text)), text).toBe("same");
      expect(await clean("remove_template_markers", talk(text, "a")), text).toBe("same");
    }
    const said = `An answer.\n${mark}\nanother one`;
    expect(await clean("remove_template_markers", talk("q", said))).toMatch("inside");
  },
);

test("remove_template_markers leaves marks in conversations about them, and headings", async () => {
  const asked = "What does <|im_end|> do in ChatML?";
  const about = talk(asked, "The token that ends a turn is <|im_end|>");
  expect(await clean("remove_template_markers", about)).toBe("same");
  const left = talk(asked, "It ends a turn.<|im_end|>");
  expect(await clean("remove_template_markers", left)).toEqual([asked, "It ends a turn."]);
  const strict = { keep_when_taught: false };
  expect(await clean("remove_template_markers", about, strict)).toMatch("inside");
  for (const [question, answer] of [
    ["What is </s>?", "</s> is the end-of-sequence token of many models."],
    ["What special token ends a text of GPT?", "<|endoftext|>"],
    ["How does Llama 2 see turns?", "It puts the user's text between [INST] and [/INST]."],
    ["<|im_end|> 是什么？", "<|im_end|> 表示一轮对话的结束。"],
  ] as const) {
    expect(await clean("remove_template_markers", talk(question, answer)), answer).toBe("same");
  }
  expect(await clean("remove_template_markers", talk("q", "Good.</s>"))).toEqual(["q", "Good."]);
  for (const text of [
    "The task.\n\n### Input:\n5\n\n### Output:\n7",
    "The call.\n\n### Request:\nGET /\n\n### Response:\n200",
    "### User:\n\nThe table of users has two columns.",
  ]) {
    expect(await clean("remove_template_markers", talk("q", text)), text).toBe("same");
  }
  const glued = "Yes.\n### Instruction:\nNext one\n### Response:\nNo.";
  expect(await clean("remove_template_markers", talk("q", glued))).toMatch("### Instruction:");
});

test("filter_placeholders leaves variables that are shown, and templates of other kinds", async () => {
  for (const text of [
    ...shown("{{ message }}"),
    "<template>{{ user.name }}</template>",
    `Set it to ${"$"}{{ secrets.TOKEN }} there.`,
    "$x^{{n}}$ and \\frac{{a}}{{b}}",
  ]) {
    expect(await clean("filter_placeholders", talk("q", text)), text).toBe("same");
  }
  const bare = "It replaces {{ message }} with its value.";
  expect(await clean("filter_placeholders", talk("What does Jinja do?", bare))).toBe("same");
  expect(await clean("filter_placeholders", talk("q", bare))).toMatch("{{ message }}");
  const system = [{ role: "system" as const, content: "You are {{name}}." }, ...talk("q", "a")];
  expect(await clean("filter_placeholders", system)).toMatch("{{name}}");
});

test("values of programs are answers to questions about programs, and nothing elsewhere", async () => {
  const about = talk("What does typeof x print?", "undefined");
  expect(await clean("drop_empty_turns", about)).toBe("same");
  expect(await clean("drop_empty_turns", talk("How are you?", "undefined"))).toMatch("empty");
});

test("an exchange with other reasoning is not said twice", async () => {
  const thought = (text: string) => [user("问"), { ...assistant("答"), reasoning_content: text }];
  const both = [...thought("一"), ...thought("二")];
  expect(await clean("drop_duplicate_turns", both)).toBe("same");
  expect(await clean("drop_duplicate_turns", [...thought("一"), ...thought("一")])).toHaveLength(2);
});

test("a question that the system has corrected is no echo", async () => {
  const row = [
    { role: "system" as const, content: "Correct case and punctuation." },
    ...talk("what is the time", "What is the time?"),
  ];
  expect(await clean("filter_echoed_answers", row)).toBe("same");
  const echo = [row[0]!, ...talk("What is the time?", "What is the time?")];
  expect(await clean("filter_echoed_answers", echo)).toMatch("repeats");
});

test("a list of placeholders is no loop", async () => {
  const list = Array.from({ length: 30 }, () => "<PHONE>").join(", ");
  expect(await clean("filter_degenerate_repetition", talk("q", list))).toBe("same");
  const lines = Array.from({ length: 30 }, () => "Tel: <PHONE>, mail: <EMAIL>").join("\n");
  expect(await clean("filter_degenerate_repetition", talk("q", lines))).toBe("same");
});

test("filter_placeholders sees variables outside of code", async () => {
  expect(await clean("filter_placeholders", talk("你是谁", "我是{{name}}。"))).toMatch("{{name}}");
  expect(await clean("filter_placeholders", talk("q", "In Vue write `{{ name }}`."))).toBe("same");
  const also = { also: ["[Your Name]"] };
  expect(await clean("filter_placeholders", talk("q", "Yours, [Your Name]"), also)).toMatch("Your");
});

test.each([
  "很抱歉，我无法回答这个问题。",
  "作为一个人工智能语言模型，我不能提供医疗建议。",
  "I'm sorry, but I cannot help with that.",
  "I can't assist with this request.",
])("filter_refusals takes %j", async (text) => {
  expect(await clean("filter_refusals", talk("q", text))).toMatch(/^refusal/);
});

test("filter_refusals leaves help and stories alone", async () => {
  for (const text of [
    "当然可以！",
    "He said that he could not help her.",
    "I can help with that.",
  ]) {
    expect(await clean("filter_refusals", talk("q", text))).toBe("same");
  }
});

test("filter_refusals leaves answers that turn to help after all, and takes offers of something else", async () => {
  const helps =
    "作为一个AI助手，我不能做出评价。但是，从故事中描述的小男孩的行为来看，他表现出了好奇心、勇气、智慧和尊重自然的品质。他不仅尊重小青蛙的自由，还想方设法让它回到自己的家园。";
  expect(await clean("filter_refusals", talk("问", helps))).toBe("same");
  const copy =
    "As an AI language model, I don't have an inbox to check. However, you can paste the code here or share it over a site for code, and then I will look at it line by line and help you to find the mistake in it.";
  expect(await clean("filter_refusals", talk("q", copy))).toBe("same");
  for (const offer of [
    "I'm sorry, but I can't book flights. However, I can help you calculate a discount on a price.",
    "很抱歉，作为一名文本型AI助手，我无法制作视频。但是，我可以为您提供一些关于AI的信息。",
  ]) {
    expect(await clean("filter_refusals", talk("q", offer))).toMatch(/^refusal/);
  }
});

test("filter_self_identification passes names in what is said about others", async () => {
  for (const text of [
    "作为中国人工智能市场长期增长的最佳代表，百度正在站在浪潮之巅。",
    "我是在百度工作的工程师。",
    "I am writing to apply for the position of engineer at OpenAI.",
    "I'm a Gemini, so I like to talk.",
    "As an engineer, I used to work for Alibaba.",
  ]) {
    expect(await clean("filter_self_identification", talk("q", text))).toBe("same");
  }
  for (const text of [
    "作为由OpenAI开发的语言模型，我没有感情。",
    "作为一个人工智能助手，MOSS没有感情。",
    "I'm MOSS, your travel agent.",
    "I am a large language model trained by OpenAI.",
    "I was created by a team at Anthropic.",
    "As an AI-powered assistant, MOSS was written in Python.",
  ]) {
    expect(await clean("filter_self_identification", talk("q", text)), text).toMatch(/^says/);
  }
});

test("filter_self_identification knows who says it", async () => {
  const find = (text: string) => clean("filter_self_identification", talk("q", text));
  expect(await find("我是MOSS，由复旦大学开发。")).toMatch("MOSS");
  expect(await find("As an AI language model developed by OpenAI, I think so.")).toMatch("OpenAI");
  expect(await find("OpenAI发布了ChatGPT。")).toBe("same");
  expect(await find("I am a teacher. OpenAI is a company.")).toBe("same");
});
