/** D1 to D3: damaged checkpoints are noticed, renamed and passed over; nothing is deleted. */
import fs from "node:fs";
import path from "node:path";
import { resolveResume } from "../../src/train/index.js";
import { readTree, type Tree, treeKey, writeTree } from "./crashStates.js";
import { type Fault, type FaultContext, pick, require, requireEqual, trials } from "./fault.js";
import { referenceOf, requireSame, scratch, trainHere, variants, weightsIn } from "./runs.js";

/** Damages a checkpoint. @returns what was done */
type Damage = (newest: string, before: string, random: FaultContext["random"]) => string;

const flags = () => [...variants.lora!(), "--max_steps=4", "--save_steps=2"];

let known: Promise<Tree> | undefined;

/** A run with the checkpoints 2 and 4. */
function wholeRun(): Promise<Tree> {
  known ??= (async () => {
    const directory = scratch("whole");
    await trainHere(directory, flags());
    return readTree(directory);
  })();
  return known;
}

const filesOf = (checkpoint: string) => fs.readdirSync(checkpoint).sort();
const dataFiles = (checkpoint: string) =>
  filesOf(checkpoint).filter((name) => name !== "manifest.json");

const flipBit: Damage = (newest, _before, random) => {
  const name = pick(dataFiles(newest), random);
  const bytes = fs.readFileSync(path.join(newest, name));
  const bit = random(bytes.length * 8);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  fs.writeFileSync(path.join(newest, name), bytes);
  return `bit ${bit} of ${name}`;
};

const wrongFiles: readonly Damage[] = [
  (newest, _before, random) => {
    const name = pick(dataFiles(newest), random);
    const file = path.join(newest, name);
    const size = random(fs.statSync(file).size);
    fs.truncateSync(file, size);
    return `${name} cut to ${size} bytes`;
  },
  (newest, _before, random) => {
    const name = pick(dataFiles(newest), random);
    fs.truncateSync(path.join(newest, name));
    return `${name} empty`;
  },
  (newest, _before, random) => {
    const name = pick(dataFiles(newest), random);
    fs.rmSync(path.join(newest, name));
    return `${name} missing`;
  },
  (newest, _before, random) => {
    const name = pick(dataFiles(newest), random);
    const file = path.join(newest, name);
    fs.rmSync(file);
    fs.mkdirSync(file);
    return `${name} a directory`;
  },
  (newest, _before, random) => {
    const name = pick(dataFiles(newest), random);
    fs.appendFileSync(path.join(newest, name), Buffer.alloc(1 + random(5000)));
    return `${name} longer`;
  },
  (newest, before, random) => {
    // The others are the same bytes in both.
    const name = pick(
      ["adapter_model.safetensors", "optimizer.safetensors", "trainer_state.json"],
      random,
    );
    const [one, other] = [newest, before].map((place) => fs.readFileSync(path.join(place, name)));
    fs.writeFileSync(path.join(newest, name), other!);
    return one!.equals(other!) ? "nothing" : `${name} of the checkpoint before`;
  },
];

const badManifest: Damage = (newest, before, random) => {
  const file = path.join(newest, "manifest.json");
  const text = fs.readFileSync(file, "utf8");
  const manifest = JSON.parse(text) as { step: number; files: { sha256: string; size: number }[] };
  const damages: [string, string | Buffer | null][] = [
    ["missing", null],
    ["empty", ""],
    ["cut", text.slice(0, random(text.length - 3))],
    ["zeros", Buffer.alloc(text.length)],
    ["of the checkpoint before", fs.readFileSync(path.join(before, "manifest.json"))],
    ["of another version", text.replace('"version": 1', '"version": 2')],
    ["with another step", JSON.stringify({ ...manifest, step: manifest.step + 1 })],
    ["without files", JSON.stringify({ ...manifest, files: undefined })],
    [
      "with a wrong sum",
      JSON.stringify({
        ...manifest,
        files: manifest.files.map((one) => ({ ...one, sha256: one.sha256.replace(/./g, "a") })),
      }),
    ],
    ["with a file outside", text.replace(/"path": "a/, '"path": "../a')],
  ];
  const [what, content] = pick(damages, random);
  if (content === null) fs.rmSync(file);
  else fs.writeFileSync(file, content);
  return `manifest ${what}`;
};

function damageFault(
  id: string,
  title: string,
  count: number,
  short: number,
  damages: readonly Damage[],
): Fault {
  return {
    id,
    title,
    count,
    short,
    async run({ count: asked, random }) {
      const { outcome, trial } = trials();
      const whole = await wholeRun();
      const reference = await referenceOf(flags());
      const place = scratch("damaged");
      const trainedOn = Math.max(1, Math.floor(asked / 20));
      for (let i = 0; i < asked; i++) {
        writeTree(place, whole);
        const [newest, before] = [4, 2].map((step) => path.join(place, `checkpoint-${step}`));
        const what = damages[i % damages.length]!(newest!, before!, random);
        await trial(what, () => requireNoticed(place));
        if (i < trainedOn) {
          await trial(`${what}, trained on`, async () => {
            await trainHere(place, [...flags(), "--resume"]);
            requireSame(place, reference);
          });
        }
      }
      await trial("all checkpoints damaged", async () => {
        writeTree(place, whole);
        for (const step of [2, 4]) {
          const file = path.join(place, `checkpoint-${step}/adapter_model.safetensors`);
          fs.truncateSync(file, 100);
        }
        const names = () => fs.readdirSync(place).filter((name) => !name.endsWith(".lock"));
        const before = names().length;
        const error = await trainHere(place, [...flags(), "--resume"]).then(
          () => undefined,
          (reason) => reason as Error,
        );
        require(/No checkpoint in .* is intact/.test(error?.message ?? ""), `it says ${error}`);
        requireEqual(names().length, before, "files of the run");
      });
      outcome.notes.push(`${trainedOn} of them trained on to the end`);
      return outcome;
    },
  };
}

/** Throws unless the newest checkpoint is renamed with a warning and the one before is taken. */
async function requireNoticed(place: string): Promise<void> {
  const bytes = treeKey(readTree(path.join(place, "checkpoint-4")));
  const weights = weightsIn(path.join(place, "checkpoint-2"));
  const { checkpoint, warnings } = await resolveResume(place, true);
  requireEqual(checkpoint?.step, 2, "the step that was found");
  requireEqual(weightsIn(checkpoint!.path), weights, "weights");
  require(/^checkpoint-4 is damaged \(.+\): renamed to checkpoint-4\.broken\.$/.test(
    warnings.join("\n"),
  ), `warnings: ${warnings}`);
  requireEqual(
    treeKey(readTree(path.join(place, "checkpoint-4.broken"))),
    bytes,
    "what was set aside",
  );
}

export const flippedBits = damageFault("D1", "one bit flipped in a file of a checkpoint", 200, 12, [
  flipBit,
]);
export const wrongFileFault = damageFault(
  "D2",
  "a file of a checkpoint cut, empty, missing, longer, a directory, or another checkpoint's",
  60,
  6,
  wrongFiles,
);
export const badManifests = damageFault("D3", "the manifest of a checkpoint damaged", 40, 6, [
  badManifest,
]);
