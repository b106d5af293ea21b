/** The choices of set-up: which torch, which library of bitsandbytes, whether npm packages are there. */
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
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

describe("how torch is installed", async () => {
  interface Plan {
    name: string;
    args: string[];
  }
  const { installPlans } = await loadScript<{
    installPlans(python: string, paths: object, options: { offline?: string }): Promise<Plan[]>;
  }>("torch");

  /** The plans on a machine with or without a GPU, where pip would take this wheel (or nothing). */
  async function plans(gpu: boolean, wheel: object | null, offline?: string): Promise<Plan[]> {
    const folder = temporaryFolder();
    const report = { install: [{ metadata: wheel, download_info: { url: "file:///torch.whl" } }] };
    const answer = wheel
      ? `while [ "$1" != --report ]; do shift; done; cp "$(dirname "$0")/report" "$2"`
      : "exit 1";
    writeFiles(folder, { report: JSON.stringify(report) });
    writeFiles(folder, { python: `#!/bin/sh\n${answer}\n` }, 0o755);
    const paths = { state: folder, log: path.join(folder, "log") };
    vi.stubEnv("TUNEWRIGHT_GPU", gpu ? "1" : "0");
    try {
      return await installPlans(path.join(folder, "python"), paths, offline ? { offline } : {});
    } finally {
      vi.unstubAllEnvs();
    }
  }

  const cpu = { version: "2.13.0+cpu", requires_dist: ["sympy"] };
  const cuda = { version: "2.13.0", requires_dist: ["nvidia-cublas==13.1"] };

  test("without a GPU, pip's own configuration is enough when it leads to a CPU build", async () => {
    const [plan, ...rest] = await plans(false, cpu);
    expect(rest).toEqual([]);
    expect(plan?.name).toBe("torch 2.13.0+cpu");
    expect(plan?.args.at(-1)).toBe("torch==2.13.0");
    expect(plan?.args).not.toContain("--index-url");
  });

  test.each([
    ["would bring CUDA", cuda],
    ["finds nothing", null],
  ])("without a GPU, where pip %s: the CPU index, then the plain wheel", async (_, wheel) => {
    const [first, second, ...rest] = await plans(false, wheel);
    expect(rest).toEqual([]);
    expect(first?.args).toContain("--index-url");
    expect(first?.args.at(-1)).toBe("torch==2.13.0+cpu");
    expect(second?.args).not.toContain("--index-url");
    expect(second?.args.at(-1)).toBe("torch==2.13.0");
  });

  test("with a GPU, the plain wheel at once", async () => {
    const [plan, ...rest] = await plans(true, cpu);
    expect(rest).toEqual([]);
    expect(plan?.args.at(-1)).toBe("torch==2.13.0");
  });

  test("offline, only the folder is looked at", async () => {
    const [plan, ...rest] = await plans(false, cuda, "/wheels");
    expect(rest).toEqual([]);
    expect(plan?.args.slice(-4)).toEqual([
      "--no-index",
      "--find-links",
      "/wheels",
      "torch==2.13.0",
    ]);
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
