/** The user's home folder, for users without one too. */
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `$HOME`, else what the system's list of users says. A user that is not in that list (a container
 * that runs as any number) has a folder of its own among the system's temporary files.
 */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return join(tmpdir(), `tunewright-home-${process.getuid?.() ?? "user"}`);
  }
}
