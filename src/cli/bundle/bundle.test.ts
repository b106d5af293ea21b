/** What goes into a bundle, and how it is written. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { locateModel } from "../../generate/index.js";
import { builtinModelPath } from "../../util/builtin-model.js";
import { TunewrightError } from "../../util/errors.js";
import { putInPlace, refuseFullDisk, temporaryFolder } from "../wholeOutput.js";
import { engineHere, relocatedAddon } from "./engine.js";
import { packBundle } from "./index.js";
import { takeInventory } from "./manifest.js";
import { chooseOutput, writeArchive } from "./output.js";
import { copyPieceFile, filesOfPiece } from "./pieces.js";
import { findSources } from "./sources.js";
import { dataPieces, describeChanges, modelPieces } from "./userPieces.js";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files. */
function newFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "tunewright-bundle-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What a refusal says, and its exit code. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TunewrightError)
      return `${error.exitCode}: ${error.message}; ${error.todo}`;
    throw error;
  }
  return "nothing was refused";
}

describe("a folder as a piece", () => {
  test("keeps links inside it, follows those that lead out, and takes what is kept", async () => {
    const outside = newFolder({ blob: "weights" });
    const folder = newFolder({ "a/one.js": "1", "a/.cache/x": "", "bin/run": "#!/bin/sh\n" });
    chmodSync(join(folder, "bin/run"), 0o700);
    symlinkSync("../a/one.js", join(folder, "bin/one"));
    symlinkSync(join(outside, "blob"), join(folder, "a/model.safetensors"));
    symlinkSync("nowhere", join(outside, "broken"));
    symlinkSync(join(outside, "broken"), join(folder, "a/broken"));
    const keep = (path: string) => !path.includes(".cache");
    const files = filesOfPiece({ from: folder, to: "there", keep });
    const tree = newFolder();
    for (const file of files) await copyPieceFile(file, tree);
    expect(files.map((file) => file.to).sort()).toEqual([
      "there/a/model.safetensors",
      "there/a/one.js",
      "there/bin/one",
      "there/bin/run",
    ]);
    expect(readlinkSync(join(tree, "there/bin/one"))).toBe("../a/one.js");
    expect(readFileSync(join(tree, "there/a/model.safetensors"), "utf8")).toBe("weights");
    expect(statSync(join(tree, "there/bin/run")).mode & 0o777).toBe(0o755);
    expect(statSync(join(tree, "there/a/one.js")).mode & 0o777).toBe(0o644);
  });
});

describe("what the user named is packed whole or refused", () => {
  const pieceOf = (folder: string) => dataPieces([folder])[0]!;

  test("pipes, broken links and links to a folder above are named", () => {
    const folder = newFolder({ "mine/rows.jsonl": "{}", "mine/more/rows.jsonl": "{}" });
    const mine = join(folder, "mine");
    const link = join(mine, "more/link");
    const linked = (target: string) => {
      rmSync(link, { force: true });
      symlinkSync(target, link);
      return refusal(() => filesOfPiece(pieceOf(mine)));
    };
    expect(linked("../rows.jsonl")).toBe("nothing was refused");
    expect(linked(join(folder, "none"))).toMatch(/2: .*link cannot be packed; correct/);
    expect(linked("none")).toMatch(/2: .*link cannot be packed; correct/);
    expect(linked(mine)).toMatch(/2: .*link cannot be packed; .*remove the link/);
    rmSync(link);
    expect(spawnSync("mkfifo", [join(folder, "pipe")]).status).toBe(0);
    expect(refusal(() => filesOfPiece(pieceOf(join(folder, "pipe"))))).toMatch(
      /2: .*can be copied/,
    );
  });

  test("a link to what is left out becomes that; what is left out is said", () => {
    const folder = newFolder({ ".versions/3/a": "{}", ".note": "", "b.jsonl": "{}" });
    symlinkSync(".versions/3", join(folder, "current"));
    const piece = pieceOf(folder);
    const names = filesOfPiece(piece).map(({ to }) => to.slice(piece.to.length + 1));
    expect(names.sort()).toEqual(["b.jsonl", "current/a"]);
    expect(describeChanges([piece])).toEqual([`left out of ${piece.to}: .note, .versions/3/a`]);
  });

  const config = {
    model_type: "llama",
    vocab_size: 8,
    hidden_size: 8,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    rms_norm_eps: 1e-5,
  };
  const index = JSON.stringify({ weight_map: { a: "model-00001-of-00002.safetensors" } });

  test("a model without a shard is refused", async () => {
    const folder = newFolder({
      "config.json": JSON.stringify(config),
      "model.safetensors.index.json": index,
    });
    await expect(modelPieces([folder], true)).rejects.toThrow("model-00001-of-00002.safetensors");
    await expect(modelPieces([newFolder()], true)).rejects.toThrow("config.json");
  });

  test("an adapter brings its base model along, and finds it beside itself in the bundle", async () => {
    const folder = newFolder();
    const [base, run] = [join(folder, "base.gguf"), join(folder, "run")];
    symlinkSync(builtinModelPath(), base);
    const adapter = { peft_type: "LORA", r: 2, base_model_name_or_path: base };
    mkdirSync(join(run, "checkpoint-2"), { recursive: true });
    writeFileSync(join(run, "checkpoint-2/state.json"), "{}");
    writeFileSync(join(run, "adapter_config.json"), JSON.stringify(adapter));
    await expect(modelPieces([run], true)).rejects.toThrow("has no adapter_model.safetensors");
    writeFileSync(join(run, "adapter_model.safetensors"), "");
    const pieces = await modelPieces([run, base], true);
    expect(describeChanges(pieces)).toEqual([
      "left out of models/run: checkpoint-2/state.json",
      "models/run/adapter_config.json names the base model as it lies in the bundle",
    ]);
    const tree = newFolder();
    for (const file of pieces.flatMap(filesOfPiece)) await copyPieceFile(file, tree);
    expect(await locateModel(join(tree, "models/run"))).toMatchObject({
      path: join(tree, "models/base.gguf"),
    });
    const onBuiltin = { ...adapter, base_model_name_or_path: "builtin:smollm2-135m" };
    writeFileSync(join(run, "adapter_config.json"), JSON.stringify(onBuiltin));
    expect((await modelPieces([run], true)).map(({ to }) => to)).toEqual(["models/run"]);
    await expect(modelPieces([run], false)).rejects.toThrow("needs the built-in model");
  });
});

describe("the sources", () => {
  const files = {
    tunewright: "",
    "package.json": "{}",
    "src/index.ts": "",
    "src/.env": "TOKEN=1",
    ".env": "TOKEN=1",
    ".npmrc": "//registry/:_authToken=1",
    "keys.pem": "",
    "output/run/adapter.bin": "",
    "mine.jsonl": "",
    "docs/setup.log": "",
  };

  test("without git are what is known to belong", () => {
    expect(findSources(newFolder(files)).names).toEqual([
      "package.json",
      "src/index.ts",
      "tunewright",
    ]);
  });

  test("with git are what it tracks, without what may hold keys; the rest is named", () => {
    const folder = newFolder(files);
    const git = (...args: string[]) => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
      expect(spawnSync("git", ["-C", folder, ...identity, ...args]).status).toBe(0);
    };
    git("init", "--quiet");
    git("add", "tunewright", "package.json", "src/index.ts", "src/.env", ".npmrc");
    git("commit", "--quiet", "--message", "one");
    writeFileSync(join(folder, "src/index.ts"), "changed");
    const found = findSources(folder);
    expect(found).toMatchObject({
      names: ["package.json", "src/index.ts", "tunewright"],
      secrets: [".npmrc", "src/.env"],
      changed: ["src/index.ts"],
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    expect(found.untracked).toContain("mine.jsonl");
    // A folder in another repository is not that repository.
    expect(findSources(join(folder, "src")).commit).toBeNull();
  });

  test("of a checkout that came out of a bundle are those of its manifest", () => {
    const list = { "src/index.ts": [0, ""], "bundle/dist/a.js": [0, ""], "models/a": [0, ""] };
    const manifest = JSON.stringify({ files: list });
    const folder = newFolder({ ...files, "bundle/manifest.json": manifest });
    expect(findSources(folder).names).toEqual(["src/index.ts"]);
  });
});

describe("the place of a bundle", () => {
  test("is refused where it would cost something", () => {
    const folder = newFolder({ "a.tar.gz": "", "mine/data": "", "old/bundle/manifest.json": "{}" });
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, "b.tar"));
    const choose = (name: string, force = false) =>
      refusal(() => chooseOutput(join(folder, name), force));
    expect(choose("a.zip")).toMatch(/^2: .*kind of archive.*\.tar\.gz or \.tar/);
    expect(choose("a.tar.zst")).toMatch(/^2: .*kind of archive/);
    expect(choose("a.tar.gz")).toMatch(/^2: .*exists; .*--force/);
    expect(choose("old")).toMatch(/--force/);
    expect(choose("b.tar", true)).toMatch(/there is a folder of this name/);
    // What is no bundle is not replaced, whatever the flags.
    expect(choose("mine", true)).toMatch(/neither empty nor a bundle/);
    for (const name of ["empty", "new", "new.tgz", "new.tar"])
      expect(choose(name)).toBe("nothing was refused");
    for (const name of ["a.tar.gz", "old"]) expect(choose(name, true)).toBe("nothing was refused");
  });

  test("loses what a bundling that was killed left, and not what one at work has", () => {
    const folder = newFolder();
    const { pid } = spawnSync("true");
    const start = join(folder, `.b.tar.tmp-${hostname()}-`);
    mkdirSync(`${start}${pid}`);
    mkdirSync(`${start}1`);
    const temporary = temporaryFolder(chooseOutput(join(folder, "b.tar"), false));
    expect(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    ).toEqual([`${start}1`, temporary].sort());
  });

  test("gets nothing where the disk is full, before or while it is written", async () => {
    const folder = newFolder({ "tree/a": "a" });
    expect(refusal(() => refuseFullDisk(folder, 1e18, "the bundle"))).toMatch(
      /^1: the disk has no room/,
    );
    const full = writeArchive(folder, "tree", "/dev/full", false);
    await expect(full).rejects.toThrow("the disk is full");
  });

  test("gets the whole bundle at once; one that somebody else made meanwhile stays", async () => {
    const folder = newFolder({ "tree/a": "new", "taken.tar": "theirs" });
    const file = join(folder, "archive");
    await writeArchive(folder, "tree", file, true);
    const output = { path: join(folder, "taken.tar"), form: "tar", force: false } as const;
    expect(refusal(() => putInPlace(file, output))).toMatch(/^2: .*taken\.tar exists/);
    expect(readFileSync(output.path, "utf8")).toBe("theirs");
    putInPlace(file, { ...output, force: true });
    expect(spawnSync("tar", ["-tf", output.path], { encoding: "utf8" }).stdout).toBe(
      "tree/\ntree/a\n",
    );
    const old = newFolder({ "bundle/manifest.json": "{}", old: "" });
    putInPlace(join(folder, "tree"), { path: old, form: "folder", force: true });
    expect(readdirSync(old)).toEqual(["a"]);
    expect(existsSync(join(folder, "tree.old"))).toBe(false);
  });
});

test("the inventory has every file, and the newest glibc that a library asks for", async () => {
  const folder = newFolder({
    "bundle/site/lib.so.1": "GLIBC_2.9 GLIBC_2.31 GLIBC_2.3",
    "bundle/addons/a.node": "GLIBC_2.38",
    "docs/page.md": "GLIBC_2.99",
    empty: "",
  });
  symlinkSync("empty", join(folder, "link"));
  const { files, glibc, bytes } = await takeInventory(folder);
  expect(glibc).toBe("2.31");
  expect(bytes).toBe(30 + 10 + 10);
  expect(files).toMatchObject({
    empty: [0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    link: "empty",
  });
  expect(Object.keys(files)).toHaveLength(5);
});

test("the addon finds libtorch beside it, wherever that is", () => {
  const { addon, site } = engineHere();
  const folder = newFolder();
  const libraries = join(site, "torch/lib");
  for (const name of readdirSync(libraries)) symlinkSync(join(libraries, name), join(folder, name));
  const moved = join(folder, "moved.node");
  writeFileSync(moved, relocatedAddon(addon, site));
  expect(readFileSync(moved).includes(`\0${libraries}\0`)).toBe(false);
  const script = "process.dlopen({ exports: {} }, process.argv[1]); console.log('loaded')";
  const { stdout } = spawnSync(process.execPath, ["-e", script, moved], { encoding: "utf8" });
  expect(stdout).toBe("loaded\n");
});

test("a build of torch that there cannot be is refused before anything is written", async () => {
  const folder = newFolder();
  const options = {
    out: join(folder, "b"),
    force: false,
    models: [],
    data: [],
    node: true,
    builtinModel: true,
  };
  const packed = packBundle({ ...options, torch: "rocm6", say: () => {} });
  await expect(packed).rejects.toThrow("--torch rocm6: not a build of torch");
  const missing = packBundle({ ...options, data: [join(folder, "none.jsonl")], say: () => {} });
  await expect(missing).rejects.toThrow("no such file or folder");
  expect(readdirSync(folder)).toEqual([]);
});
