// Which npm packages a program needs: by the lock file, and by the imports of its built files.
import fs from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";

/**
 * Folders of packages and of all that they depend on, as Node would find them.
 *
 * @param lock `packages` of package-lock.json
 * @param names packages of the root
 */
export function packageClosure(lock, names) {
  const found = new Set();
  const visit = (name, from) => {
    for (
      let place = from;
      ;
      place = place.slice(0, Math.max(0, place.lastIndexOf("/node_modules/")))
    ) {
      const candidate = `${place === "" ? "" : `${place}/`}node_modules/${name}`;
      if (lock[candidate]) {
        if (found.has(candidate)) return;
        found.add(candidate);
        for (const needed of Object.keys(lock[candidate].dependencies ?? {}))
          visit(needed, candidate);
        return;
      }
      if (place === "")
        throw new Error(`package-lock.json has no ${name}, which ${from || "the root"} needs`);
    }
  };
  for (const name of names) visit(name, "");
  return [...found];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']/g;

/** The package of a specifier: `zod/v4` is of `zod`, `@a/b/c` of `@a/b`. */
function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/**
 * Packages that built files import as they are loaded (not those imported when asked for), beside
 * Node's own and the `known` ones.
 */
export function unpackedSpecifiers(entries, known) {
  const seen = new Set();
  const absent = new Set();
  const queue = [...entries];
  while (queue.length > 0) {
    const file = queue.pop();
    if (seen.has(file) || !fs.existsSync(file)) continue;
    seen.add(file);
    for (const [, from, bare] of fs.readFileSync(file, "utf8").matchAll(IMPORT)) {
      const specifier = from ?? bare;
      if (specifier.startsWith(".")) queue.push(path.resolve(path.dirname(file), specifier));
      else if (!specifier.startsWith("node:") && !builtinModules.includes(specifier)) {
        const name = packageOf(specifier);
        if (!known.includes(name)) absent.add(name);
      }
    }
  }
  return [...absent].sort();
}
