/** A model whose files are not whole, or not of one model, is refused before any weight is read. */
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeTestModel } from "../../generate/testModel.js";
import { runCheck } from "./runCheck.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-damaged-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = path.join(work, "rows.jsonl");
const row = {
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: "ho" },
  ],
};
writeFileSync(rows, `${JSON.stringify(row)}\n`);

/** The test model with its weights in two shards. */
function sharded(): string {
  const model = writeTestModel();
  const file = path.join(model, "model.safetensors");
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const weightMap: Record<string, string> = {};
  for (const half of [0, 1]) {
    const shard = `model-0000${half + 1}-of-00002.safetensors`;
    const own: Record<string, object> = {};
    const data: Buffer[] = [];
    let end = 0;
    for (const name of names.filter((_, i) => i % 2 === half)) {
      const [from, to] = header[name]!.data_offsets;
      own[name] = { ...header[name], data_offsets: [end, end + to - from] };
      data.push(bytes.subarray(8 + length + from, 8 + length + to));
      end += to - from;
      weightMap[name] = shard;
    }
    const text = Buffer.from(JSON.stringify(own));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    writeFileSync(path.join(model, shard), Buffer.concat([size, text, ...data]));
  }
  rmSync(file);
  writeFileSync(
    path.join(model, "model.safetensors.index.json"),
    JSON.stringify({ weight_map: weightMap }),
  );
  return model;
}

const second = "model-00002-of-00002.safetensors";
const cutShort = (file: string) => truncateSync(file, statSync(file).size - 1);

const check = (model: string, ...flags: string[]) =>
  runCheck(undefined, [
    `--model_name_or_path=${model}`,
    `--train_file=${rows}`,
    `--output_dir=${work}/run`,
    "--template_name=firefly-classic",
    "--report_to=none",
    "--use_cpu",
    "--bits=4",
    ...flags,
  ]);

const damages: [string, (model: string) => void, RegExp][] = [
  ["a shard is missing", (model) => rmSync(path.join(model, second)), /00002-of-00002/],
  [
    "a shard is cut short",
    (model) => cutShort(path.join(model, second)),
    /00002-of-00002.*past the end/,
  ],
  [
    "a shard is empty",
    (model) => truncateSync(path.join(model, second), 0),
    /00002-of-00002.*too few for a header/,
  ],
  [
    "a shard is another's copy",
    (model) =>
      cpSync(path.join(model, "model-00001-of-00002.safetensors"), path.join(model, second)),
    /00002-of-00002.*has no tensor/,
  ],
  [
    "config.json is of a larger model",
    (model) => {
      const file = path.join(model, "config.json");
      const config = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...config, intermediate_size: 4096 }));
    },
    /has shape .* but config.json asks for/,
  ],
  [
    "a layer is not there",
    (model) => {
      const file = path.join(model, "config.json");
      const config = JSON.parse(readFileSync(file, "utf8")) as { num_hidden_layers: number };
      const more = { ...config, num_hidden_layers: config.num_hidden_layers + 1 };
      writeFileSync(file, JSON.stringify(more));
    },
    /weight .* is missing/,
  ],
  [
    "config.json has fewer layers",
    (model) => {
      const file = path.join(model, "config.json");
      const config = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...config, num_hidden_layers: 1 }));
    },
    /unknown weight/,
  ],
];

test("check finds nothing wrong with whole shards", async () => {
  expect((await check(sharded())).ok).toBe(true);
});

test("check says that a file of torch.save is cut short", async () => {
  const model = writeTestModel();
  const torch = path.resolve(import.meta.dirname, "../../../test/parity/fixtures/torch/model");
  rmSync(path.join(model, "model.safetensors"));
  cpSync(torch, model, { recursive: true });
  cutShort(path.join(model, "pytorch_model-00002-of-00002.bin"));
  await expect(check(model)).rejects.toThrow(/pytorch_model-00002-of-00002.bin: has no list/);
});

test.each(damages)("check says that %s", async (_, damage, message) => {
  const model = sharded();
  damage(model);
  await expect(check(model)).rejects.toThrow(message);
  rmSync(model, { recursive: true });
});
