/** Which files of the checkout belong to Tunewright: those go into a bundle, and nothing of the user's. */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** Top-level files and folders of a checkout, for one that git does not know. */
const belongs =
  /^(tunewright|package(-lock)?\.json|tsconfig(\.\w+)?\.json|biome\.json|vitest\.config\.ts|\.gitignore|\.ci|[A-Z][\w.-]*\.md|LICENSE|NOTICE|src|native|scripts|examples|docs|test|bench|web)$/;

/** Files that hold keys and passwords, also where somebody has committed them. */
const secret =
  /(^|\/)(\.env(\..+)?|\.npmrc|\.netrc|\.pypirc|pip\.conf|id_(rsa|ed25519|ecdsa)[^/]*|[^/]+\.(pem|key|p12|pfx)|credentials(\.json)?|kubeconfig)$/i;

export interface SourceFiles {
  /** Paths relative to the root. */
  names: string[];
  /** Paths that would belong, but look as if they held keys. */
  secrets: string[];
  /** The commit, where git knows it. */
  commit: string | null;
  /** Paths that differ from the commit. */
  changed: string[];
  /** Paths that git does not know: they are not packed. */
  untracked: string[];
}

/** The files of the checkout at `root`: git's, or those that the bundle it came out of lists, or by name. */
export function findSources(root: string): SourceFiles {
  const fromGit = gitFiles(root);
  const all = fromGit?.names ?? bundledFiles(root) ?? filesByName(root);
  const there = all.filter((name) => existsSync(join(root, name)));
  return {
    names: there.filter((name) => !secret.test(name)),
    secrets: there.filter((name) => secret.test(name)),
    commit: fromGit?.commit ?? null,
    changed: fromGit?.changed ?? [],
    untracked: fromGit?.untracked ?? [],
  };
}

function git(root: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
  return status === 0 ? stdout : undefined;
}

function gitFiles(root: string): Omit<SourceFiles, "secrets"> | undefined {
  const top = git(root, "rev-parse", "--show-toplevel")?.trim();
  if (top === undefined || realpathSync(top) !== realpathSync(root)) return undefined;
  const list = (...args: string[]) =>
    git(root, ...args)
      ?.split("\0")
      .filter(Boolean) ?? [];
  return {
    names: list("ls-files", "-z"),
    commit: git(root, "rev-parse", "HEAD")?.trim() ?? null,
    changed: list("diff", "--name-only", "-z", "HEAD"),
    untracked: list("ls-files", "-z", "--others", "--exclude-standard"),
  };
}

/** A checkout that came out of a bundle knows its sources by the manifest. */
function bundledFiles(root: string): string[] | undefined {
  const file = join(root, "bundle/manifest.json");
  if (!existsSync(file)) return undefined;
  const { files } = JSON.parse(readFileSync(file, "utf8")) as { files: Record<string, unknown> };
  return Object.keys(files).filter((name) => !/^(bundle|models|data)\//.test(name));
}

function filesByName(root: string): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    const stat = lstatSync(join(root, path));
    if (stat.isFile()) found.push(path);
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(join(root, path)).sort()) {
      const ignored =
        name.startsWith(".") || /^(node_modules|output|__pycache__)$|\.log$/.test(name);
      if (!ignored) visit(`${path}/${name}`);
    }
  };
  for (const name of readdirSync(root).sort()) if (belongs.test(name)) visit(name);
  return found;
}
