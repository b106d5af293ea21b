import { expect, test } from "vitest";
import { loadTrainingConfig } from "./config/index.js";
import { readingOptions } from "./readingOptions.js";

const needed = ["--model_name_or_path", "m", "--train_file", "t.jsonl", "--output_dir", "o"];
const read = (...flags: string[]) =>
  readingOptions(loadTrainingConfig(undefined, [...needed, "--lora_rank", "4", ...flags]).config);

test("rows are cut on the right and MOSS is learnt but for its results, unless the keys say else", () => {
  expect(read()).toEqual({
    maxSeqLength: 1024,
    overLength: "cut",
    sameRole: "refuse",
    mossTools: "keep",
    mossMetaInstruction: false,
    mossLearn: ["thoughts", "commands", "answers"],
    placeholders: {},
    specialTokensInText: "error",
    trainOnPrompt: false,
    maskHistory: false,
  });
  expect(
    read(
      ...["--over-length", "split", "--max-seq-length", "64", "--moss-tools", "drop"],
      ...["--moss-learn", "answers,human", "--moss-meta-instruction", "--same-role", "join"],
      ...["--placeholders", '{"name": "小明"}', "--mask-history", "--default-system", "Be brief."],
    ),
  ).toEqual({
    maxSeqLength: 64,
    overLength: "split",
    sameRole: "join",
    mossTools: "drop",
    mossMetaInstruction: true,
    mossLearn: ["answers", "human"],
    placeholders: { name: "小明" },
    specialTokensInText: "error",
    trainOnPrompt: false,
    maskHistory: true,
    defaultSystem: "Be brief.",
  });
});

test.each([
  [["--over_length", "chop"], /over_length/],
  [["--moss_learn", "dreams"], /moss_learn/],
  [["--placeholders", "name"], /placeholders.*object of strings/s],
])("%j is refused", (flags, message) => {
  const refusal = () => {
    try {
      read(...flags);
    } catch (error) {
      if (error instanceof Error) return `${error.message} ${JSON.stringify(error)}`;
    }
    return "";
  };
  expect(refusal()).toMatch(message);
});
