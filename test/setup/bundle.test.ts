/** Set-up from a bundle: what is refused, and where its parts end up. The bundles are small and made up. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadScript, root, start, temporaryFolder, writeFiles } from "./support.js";

interface Machine {
  system: string;
  arch: string;
  glibc: string | null;
}
type Files = Record<string, [number, string] | string>;
interface Paths {
  root: string;
  state: string;
  models: string;
}

const { thisMachine, refuseOtherMachine } = await loadScript<{
  thisMachine(): Machine;
  refuseOtherMachine(manifest: Machine, machine?: Machine): void;
}>("bundleChecks");
const { takeBundle } = await loadScript<{
  takeBundle(paths: Paths, options: { offline?: string }): { part(name: string): string } | null;
}>("bundle");
const { checkoutPaths } = await loadScript<{ checkoutPaths(root: string): Paths }>("files");

const contents: Record<string, string> = {
  "src/index.ts": "export {};\n",
  "package-lock.json": "{}\n",
  "models/own/config.json": "{}\n",
  "bundle/models/small.gguf": "weights",
  "bundle/node_modules/zod/index.js": "export {};\n",
  "bundle/site/torch/lib/libc10.so": "library",
};

/** A bundle of a few bytes with a manifest that is true of it. */
function makeBundle(change: Partial<Machine> = {}): string {
  const folder = path.join(temporaryFolder(), "a bundle");
  writeFiles(folder, contents);
  symlinkSync("index.js", path.join(folder, "bundle/node_modules/zod/main.js"));
  const files: Files = { "bundle/node_modules/zod/main.js": "index.js" };
  for (const [name, text] of Object.entries(contents)) {
    files[name] = [text.length, createHash("sha256").update(text).digest("hex")];
  }
  const manifest = { format: 1, ...thisMachine(), glibc: "2.17", addons: {}, ...change, files };
  writeFiles(folder, { "bundle/manifest.json": JSON.stringify(manifest) });
  return folder;
}

const take = (folder: string, offline?: string) =>
  takeBundle(checkoutPaths(folder), offline === undefined ? {} : { offline });

/** The error of set-up, as the lines that are printed. */
function refusal(act: () => unknown): { what: string; why: string; todo: string } {
  try {
    act();
  } catch (error) {
    const { message: what, why, todo } = error as Error & { why: string; todo: string };
    return { what, why, todo };
  }
  return expect.unreachable("nothing was refused");
}

describe("a bundle for another machine is refused before anything is written", () => {
  const here: Machine = { system: "linux", arch: "x64", glibc: "2.36" };
  const refused = (manifest: Partial<Machine>, machine: Partial<Machine> = {}) =>
    refusal(() => refuseOtherMachine({ ...here, ...manifest }, { ...here, ...machine })).what;

  test("another processor, another C library, an older glibc", () => {
    expect(refused({ arch: "arm64" })).toBe("the bundle is for linux-arm64, and this is linux-x64");
    expect(refused({}, { glibc: null })).toContain("needs the GNU C library");
    expect(refused({ glibc: "2.38" }, { glibc: "2.4" })).toBe(
      "the bundle needs glibc 2.38 or newer, and this system has 2.4",
    );
    for (const glibc of ["2.36", "2.28", "2.9"]) refuseOtherMachine({ ...here, glibc }, here);
  });

  test("as set-up says it", () => {
    const folder = makeBundle({ arch: "sparc" });
    expect(refusal(() => take(folder)).what).toContain("the bundle is for linux-sparc");
    expect(existsSync(path.join(folder, "node_modules"))).toBe(false);
  });
});

describe("a bundle that is not whole is refused, and what is wrong is named", () => {
  const library = "bundle/site/torch/lib/libc10.so";
  const damage: [string, (folder: string) => void, RegExp][] = [
    [
      "a missing library",
      (folder) => rmSync(path.join(folder, library)),
      /^bundle\/site\/torch\/lib\/libc10\.so is missing$/,
    ],
    ["a file that was cut", (folder) => truncateSync(path.join(folder, library), 3), /is damaged/],
    ["changed bytes", (folder) => writeFileSync(path.join(folder, library), "Library"), /damaged/],
    [
      "a missing source",
      (folder) => rmSync(path.join(folder, "src/index.ts")),
      /index\.ts is missing/,
    ],
    [
      "a damaged model",
      (folder) => truncateSync(path.join(folder, "models/own/config.json"), 1),
      /own/,
    ],
    [
      "a link that became a file",
      (folder) => {
        const link = path.join(folder, "bundle/node_modules/zod/main.js");
        rmSync(link);
        writeFileSync(link, "index.js");
      },
      /main\.js is damaged/,
    ],
    [
      "half a manifest",
      (folder) => truncateSync(path.join(folder, "bundle/manifest.json"), 100),
      /cannot be read as JSON/,
    ],
    [
      "no manifest: it is copied last",
      (folder) => rmSync(path.join(folder, "bundle/manifest.json")),
      /manifest\.json, which lists its files, is missing/,
    ],
  ];
  test.each(damage)("%s", (_, harm, why) => {
    const folder = makeBundle();
    harm(folder);
    const said = refusal(() => take(folder));
    expect(said.why).toMatch(why);
    expect(said.todo).toContain("copy or unpack the bundle once more");
    expect(existsSync(path.join(folder, "node_modules"))).toBe(false);
  });

  test("an archive that nobody unpacked", () => {
    const file = path.join(temporaryFolder(), "tunewright.tar.gz");
    writeFileSync(file, "");
    expect(refusal(() => take(temporaryFolder(), file)).todo).toContain(`tar -xf ${file}`);
  });
});

describe("the parts of a bundle", () => {
  test("are used where they lie; a source may be changed; twice is once; a moved folder works", () => {
    const folder = makeBundle();
    writeFileSync(path.join(folder, "src/index.ts"), "export const mine = 1;\n");
    for (let time = 0; time < 2; time++) {
      expect(take(folder)?.part("site")).toBe(path.join(folder, "bundle/site"));
    }
    const moved = `${folder} moved`;
    renameSync(folder, moved);
    take(moved);
    expect(readlinkSync(path.join(moved, "node_modules"))).toBe("bundle/node_modules");
    expect(existsSync(path.join(moved, "node_modules/zod/main.js"))).toBe(true);
    expect(readFileSync(path.join(moved, ".tunewright/models/small.gguf"), "utf8")).toBe("weights");
  });

  test("are noticed when they go missing after the first check", () => {
    const folder = makeBundle();
    take(folder);
    rmSync(path.join(folder, "bundle/models/small.gguf"));
    expect(refusal(() => take(folder)).why).toContain("small.gguf is missing");
  });

  test.each(["a bundle", "a bundle/bundle"])(
    "are copied from a read-only place named as %s",
    (name) => {
      const bundle = makeBundle();
      const folders = ["", "/bundle", "/bundle/models", "/bundle/node_modules"];
      for (const inside of folders) chmodSync(`${bundle}${inside}`, 0o555);
      const checkout = temporaryFolder();
      writeFiles(checkout, { "src/index.ts": "", "node_modules/old/index.js": "" });
      const given = path.join(path.dirname(bundle), name);
      take(checkout, given);
      const file = path.join(checkout, "bundle/manifest.json");
      const before = statSync(file).ino;
      // Again, and later without saying where it came from.
      for (const offline of [given, undefined]) expect(take(checkout, offline)).not.toBeNull();
      expect(statSync(file).ino).toBe(before);
      expect(readFileSync(path.join(checkout, "bundle/site/torch/lib/libc10.so"), "utf8")).toBe(
        "library",
      );
      expect(realpathSync(path.join(checkout, "node_modules"))).toBe(
        path.join(realpathSync(checkout), "bundle/node_modules"),
      );
      expect(existsSync(path.join(checkout, "models"))).toBe(false);
      for (const inside of folders) chmodSync(`${bundle}${inside}`, 0o755);
      rmSync(path.join(checkout, "bundle"), { recursive: true });
    },
  );

  test("do not come from a folder of wheels, nor from nowhere", () => {
    expect(take(temporaryFolder(), temporaryFolder())).toBeNull();
    expect(take(temporaryFolder())).toBeNull();
  });
});

describe("the launcher in a bundle", () => {
  /** A checkout whose set-up and program are scripts that say which Node runs them. */
  function checkout(): string {
    const folder = temporaryFolder();
    copyFileSync(path.join(root, "tunewright"), path.join(folder, "tunewright"));
    writeFiles(folder, { "bundle/node/bin/node": "#!/bin/sh\necho packed\n" }, 0o755);
    return folder;
  }
  /** A PATH with a Node of that version, or with none. */
  function searchPath(version?: string): string {
    const bin = temporaryFolder();
    for (const name of ["dirname", "readlink", "find"])
      symlinkSync(`/usr/bin/${name}`, `${bin}/${name}`);
    const node = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || echo own\n`;
    if (version !== undefined) writeFiles(bin, { node }, 0o755);
    return bin;
  }
  const launch = async (version?: string) => {
    const PATH = searchPath(version);
    const { stdout } = await start(path.join(checkout(), "tunewright"), ["setup"], {
      env: { PATH },
    }).ended;
    return stdout.trim();
  };

  test("takes the machine's Node where it is new enough, else its own", async () => {
    expect(await launch("v20.1.0")).toBe("own");
    expect(await launch("v102.1.0")).toBe("own");
    for (const version of ["v18.19.1", "v9.0.0", undefined])
      expect(await launch(version)).toBe("packed");
  });
});

test("set-up says what is wrong where the checkout cannot be written to", async () => {
  const folder = temporaryFolder();
  for (const name of ["setup.mjs", "setup"]) {
    cpSync(path.join(root, "scripts", name), path.join(folder, "scripts", name), {
      recursive: true,
    });
  }
  // A file in the place of the folder stops root as well.
  writeFiles(folder, { ".tunewright": "" });
  const ended = await start(process.execPath, [path.join(folder, "scripts/setup.mjs")]).ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(
    /^error: set-up cannot write to .*\n {2}why: EEXIST.*\n {2}to do: copy/,
  );
  expect(lstatSync(path.join(folder, ".tunewright")).isFile()).toBe(true);
});
