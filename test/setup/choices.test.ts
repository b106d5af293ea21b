/** The choices of set-up: which torch, which library of bitsandbytes, whether npm packages are there. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadScript, temporaryFolder, writeFiles } from "./support.js";

describe("torch", async () => {
  const { bringsCuda, supportsTorch } = await loadScript<{
    bringsCuda(wheel: { version: string; requires: string[] }): boolean;
    supportsTorch(version: string): boolean;
  }>("torch");

  test("2.11 to 2.13 are supported, of any build", () => {
    const versions = [
      "2.10.1",
      "2.11.0",
      "2.12.1+cu130",
      "2.13.0+cpu",
      "2.13.4",
      "2.14.0",
      "3.0.0",
    ];
    expect(versions.filter(supportsTorch)).toEqual([
      "2.11.0",
      "2.12.1+cu130",
      "2.13.0+cpu",
      "2.13.4",
    ]);
  });

  test("a wheel is a CPU build by its version or by what it requires", () => {
    const small = ["filelock", "sympy>=1.13.3", 'nvtx; extra == "nvtx"'];
    const large = [...small, 'nvidia-cublas==13.1; platform_system == "Linux"'];
    expect(bringsCuda({ version: "2.13.0+cpu", requires: large })).toBe(false);
    expect(bringsCuda({ version: "2.13.0", requires: small })).toBe(false);
    expect(bringsCuda({ version: "2.13.0", requires: large })).toBe(true);
    expect(bringsCuda({ version: "2.13.0", requires: ["cuda-toolkit[cublas]==13.0"] })).toBe(true);
  });
});

describe("bitsandbytes", async () => {
  const { cudaLibrary, supportsBitsandbytes } = await loadScript<{
    cudaLibrary(folder: string, version: string | null): string | null;
    supportsBitsandbytes(version: string): boolean;
  }>("bitsandbytes");

  test("the library fits torch's CUDA: the same, else older of the same major version", () => {
    const folder = temporaryFolder();
    const names = ["cpu", "cuda118", "cuda124", "cuda128", "cuda130", "cuda132", "rocm64"];
    writeFiles(folder, Object.fromEntries(names.map((n) => [`libbitsandbytes_${n}.so`, ""])));
    const chosen = (version: string | null) => {
      const file = cudaLibrary(folder, version);
      return file && path.basename(file);
    };
    expect(chosen("12.8")).toBe("libbitsandbytes_cuda128.so");
    expect(chosen("12.6")).toBe("libbitsandbytes_cuda124.so");
    expect(chosen("13.1")).toBe("libbitsandbytes_cuda130.so");
    expect(chosen("12.1")).toBe("libbitsandbytes_cuda124.so");
    expect(chosen("14.0")).toBeNull();
    expect(chosen(null)).toBeNull();
  });

  test("only the release whose functions are called is taken", () => {
    expect(["0.49.2", "0.50.0", "0.50.2", "0.51.0"].filter(supportsBitsandbytes)).toEqual([
      "0.50.0",
      "0.50.2",
    ]);
  });
});

describe("npm packages", async () => {
  const { packagesInstalled } = await loadScript<{ packagesInstalled(root: string): boolean }>(
    "npm",
  );
  const lock = (packages: object) => JSON.stringify({ packages });
  const wanted = lock({
    "": { name: "tunewright" },
    "node_modules/zod": { version: "4.6.7" },
    "node_modules/other-platform": { version: "1.0.0", optional: true },
  });

  test.each([
    ["never installed", undefined, false],
    ["interrupted", '{"packages', false],
    ["another version", lock({ "node_modules/zod": { version: "4.0.0" } }), false],
    ["one missing", lock({}), false],
    ["all but an optional one", lock({ "node_modules/zod": { version: "4.6.7" } }), true],
  ])("%s", (_, installed, expected) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "package-lock.json": wanted });
    if (installed) writeFiles(folder, { "node_modules/.package-lock.json": installed });
    expect(packagesInstalled(folder)).toBe(expected);
  });
});
