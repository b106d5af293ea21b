import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { ConfigError, DataError, NativeError } from "../util/errors.js";
import { reportError } from "./errors.js";

describe("an error that ends the program", () => {
  test("prints what, why and what to do, and gives the exit code of its class", () => {
    const detail = { why: "row 3 has no messages", todo: "remove it" };
    expect(reportError(new DataError("bad data", detail), false)).toEqual({
      lines: ["error: bad data", "  why: row 3 has no messages", "  to do: remove it"],
      exitCode: 3,
    });
    expect(reportError(new ConfigError("bad key"), false).exitCode).toBe(2);
    expect(reportError(new NativeError("add", "add: failed"), false).exitCode).toBe(1);
  });

  test("shows control characters of the data that it quotes", () => {
    const { lines } = reportError(new DataError("a\u001b[2J", { why: "b\u009b1m" }), false);
    expect(lines).toEqual(["error: a\\x1b[2J", "  why: b\\x9b1m"]);
  });

  test("is one line when nobody expected it, and names --debug", () => {
    expect(reportError(new TypeError("x is undefined\nmore"), false)).toEqual({
      lines: ["error: x is undefined (unexpected; use --debug to see the stack)"],
      exitCode: 1,
    });
    expect(reportError("only text", false).lines[0]).toContain("only text");
  });

  test("shows the stack and the causes' stacks with --debug", () => {
    const cause = new RangeError("inner");
    const text = reportError(new DataError("outer", { cause }), true).lines.join("\n");
    expect(text).toContain("error: outer\n");
    expect(text).toMatch(/at .*errors\.test/);
    expect(text).toContain("caused by RangeError: inner");
  });

  test("is silent where commander has spoken: 2 for bad arguments, 0 for help", () => {
    const wrong = new CommanderError(1, "commander.unknownOption", "unknown option");
    expect(reportError(wrong, true)).toEqual({ lines: [], exitCode: 2 });
    const help = new CommanderError(0, "commander.helpDisplayed", "(outputHelp)");
    expect(reportError(help, false)).toEqual({ lines: [], exitCode: 0 });
  });
});
