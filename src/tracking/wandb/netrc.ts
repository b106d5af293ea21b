/** Keys in `.netrc`, where `wandb login` puts them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { homeFolder } from "../../util/homeFolder.js";

/**
 * The password of a host in `$NETRC`, `~/.netrc` or `~/_netrc`: of its own entry, else of `default`.
 * @returns `undefined` where no file has one or it cannot be read
 */
export function keyFromNetrc(host: string, env: NodeJS.ProcessEnv): string | undefined {
  const home = env.HOME || homeFolder();
  const files = env.NETRC ? [env.NETRC] : [join(home, ".netrc"), join(home, "_netrc")];
  for (const file of files) {
    const passwords = readPasswords(file);
    const key = passwords.get(host) ?? passwords.get("");
    if (key !== undefined) return key;
  }
  return undefined;
}

/** Passwords by host; the one of `default` by "". */
function readPasswords(file: string): Map<string, string> {
  const passwords = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return passwords;
  }
  const words = text.replace(/^\s*#.*$/gm, "").match(/\S+/g) ?? [];
  let host: string | undefined;
  for (let at = 0; at < words.length; at++) {
    if (words[at] === "machine") host = words[++at];
    else if (words[at] === "default") host = "";
    else if (words[at] === "password" && host !== undefined && !passwords.has(host))
      passwords.set(host, words[++at] ?? "");
    else if (words[at] === "login" || words[at] === "account") at++;
  }
  return passwords;
}
