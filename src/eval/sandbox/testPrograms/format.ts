/**
 * Hostile programs. Each tries something that must not be possible and passes only if it was; unless it
 * says otherwise, the system must have refused it. They know SECRET (a file), FOLDER (where it lies), TMP,
 * PROJECT, PORT (TCP and UDP on 127.0.0.1), SOCKET (a Unix socket) and PARENT (the tests' process).
 */
export interface HostileProgram {
  name: string;
  program: string;
  /** Of outcome and detail. */
  expected: RegExp;
  timeoutSeconds: number;
}

/** What the system says of what it does not allow. */
export const refused =
  /^failed: (PermissionError|FileNotFoundError|NotADirectoryError|OSError|BlockingIOError|gaierror|ConnectionRefusedError|ConnectionError)\b/;
/** How what has no end ends. */
export const ended = /^(timed out|killed|out of memory|failed: MemoryError)/;

/** `# name` begins a program; `# name | outcome` names the beginning of what must come out. */
export function programs(text: string, fallback: RegExp, timeoutSeconds = 3): HostileProgram[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [title = "", ...lines] = part.split("\n");
      const [name = "", expected] = title.split(" | ");
      const pattern = expected === undefined ? fallback : new RegExp(`^(${expected})`);
      return { name, program: lines.join("\n"), expected: pattern, timeoutSeconds };
    });
}
