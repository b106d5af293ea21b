// Tunewright's side, one question a process: prints one JSON object. Arguments: QUESTION SETTINGS (JSON).
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const { openTrainingData } = await import(path.join(root, "dist/data/index.js"));
const { loadTokenizer, resolveChatTemplate } = await import(path.join(root, "dist/text/index.js"));

const [question, text] = process.argv.slice(2);
const settings = JSON.parse(text);
const sinceStart = () => performance.now() / 1000;

async function open(more = {}) {
  const tokenizer = await loadTokenizer(settings.tokenizer);
  return openTrainingData({
    files: [settings.file],
    tokenizer,
    template: resolveChatTemplate(undefined, tokenizer),
    maxSeqLength: settings.maxLength,
    batchSize: settings.batchSize,
    seed: 42,
    embeddingRows: tokenizer.vocabSize,
    workers: { threads: settings.workers, tokenizerPath: settings.tokenizer },
    prefetch: 2 * settings.workers,
    ...more,
  });
}

const tokensOf = (batch) => batch.sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);

const questions = {
  /** What Node and the modules take by themselves. */
  async idle() {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return {};
  },
  /** Seconds from the start of the process to the first micro-batch. */
  async first() {
    const data = await open({ prefetch: 0 });
    const batch = await data.microBatch(0);
    const seconds = sinceStart();
    await data.close();
    return { seconds, rows: data.rows, tokens: tokensOf(batch) };
  },
  /** Seconds from the start of the process to micro-batch number `settings.at`, packed ones too. */
  async resume() {
    const data = await open({ prefetch: 0 });
    await data.microBatch(settings.at % data.microBatchesPerEpoch);
    const seconds = sinceStart();
    await data.close();
    return { seconds };
  },
  async resumePacked() {
    const cursor = settings.cursor;
    const data = await open({ prefetch: 0, packing: true, cursor });
    await data.microBatch(settings.at % data.microBatchesPerEpoch);
    const seconds = sinceStart();
    await data.close();
    return { seconds, cursor: data.cursor };
  },
  /** Tokens a second of the whole way: reading, parsing, template, tokens, labels. */
  async feed() {
    const data = await open({ maxSeqLength: settings.maxLength, prefetch: 4 * settings.workers });
    for (let number = 0; number < 50; number++) {
      await data.microBatch(number);
      if (number < 20) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    let tokens = 0;
    const started = performance.now();
    for (let number = 50; number < 50 + settings.batches; number++) {
      tokens += tokensOf(await data.microBatch(number % data.microBatchesPerEpoch));
    }
    const seconds = (performance.now() - started) / 1000;
    await data.close();
    return { tokens, seconds, tokensPerSecond: tokens / seconds };
  },
  /** Tokens a second of the tokenizer alone, on texts that both sides have. */
  async tokenize() {
    const fs = await import("node:fs");
    const texts = JSON.parse(fs.readFileSync(settings.texts, "utf8"));
    const tokenizer = await loadTokenizer(settings.tokenizer);
    await tokenizer.encodeBatch(texts.slice(0, 64));
    let tokens = 0;
    const started = performance.now();
    for (let at = 0; at < texts.length; at += 1000) {
      for (const ids of await tokenizer.encodeBatch(texts.slice(at, at + 1000)))
        tokens += ids.length;
    }
    const seconds = (performance.now() - started) / 1000;
    return { tokens, seconds, tokensPerSecond: tokens / seconds };
  },
  /** Writes the tokenizer's files and rendered texts for the other side. */
  async prepare() {
    const fs = await import("node:fs");
    const { openConversations } = await import(path.join(root, "dist/data/index.js"));
    const tokenizer = await loadTokenizer("builtin:smollm2-135m");
    tokenizer.save(settings.tokenizer);
    const template = resolveChatTemplate(undefined, tokenizer);
    const source = await openConversations([settings.file]);
    const texts = [];
    for (let row = 0; row < Math.min(settings.texts, source.rows); row++) {
      const { messages } = await source.read(row);
      texts.push(
        template
          .render(messages)
          .map((segment) => segment.text)
          .join(""),
      );
    }
    await source.close();
    fs.writeFileSync(settings.textsFile, JSON.stringify(texts));
    return { texts: texts.length };
  },
};

process.stdout.write(`${JSON.stringify(await questions[question]())}\n`);
