import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { explainSystemError } from "./systemErrors.js";

const work = mkdtempSync(join(tmpdir(), "tunewright-system-errors-"));
afterAll(() => rmSync(work, { recursive: true }));

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const made = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });

test("says what it means, where, the system's own words, and what to do", () => {
  const error = thrownBy(() => readFileSync(join(work, "none")));
  const explained = explainSystemError(error);
  expect(explained).toMatchObject({
    message: `${join(work, "none")}: no such file or folder`,
    why: "ENOENT from open",
    todo: "check the path",
    cause: error,
    exitCode: 1,
  });
});

test("names the link that leads nowhere, or back to itself", () => {
  symlinkSync("gone", join(work, "broken"));
  symlinkSync("loop", join(work, "loop"));
  const broken = explainSystemError(thrownBy(() => readFileSync(join(work, "broken"))));
  expect(broken?.why).toBe(
    `${join(work, "broken")} is a link to gone, which does not exist (ENOENT from open)`,
  );
  const loop = explainSystemError(thrownBy(() => readFileSync(join(work, "loop", "below"))));
  expect(loop?.why).toContain(`${join(work, "loop")} is a link that leads back to itself (ELOOP`);
  expect(loop?.todo).toBe("correct the link, or give another path");
});

test("knows a file where a folder should be, and the other way round", () => {
  writeFileSync(join(work, "file"), "");
  const below = explainSystemError(thrownBy(() => readFileSync(join(work, "file", "below"))));
  expect(below?.message).toContain("a part of the path is a file");
  const folder = explainSystemError(thrownBy(() => readFileSync(work)));
  expect(folder?.message).toContain("it is a folder");
});

test.each([
  ["EMFILE", /too many open files/, /ulimit -n/],
  ["ENOSPC", /the disk is full/, /free some space/],
  ["EDQUOT", /quota/, /free some space/],
  ["EFBIG", /larger than allowed/, /ulimit -f/],
  ["EROFS", /read-only/, /mount it for writing/],
  ["EACCES", /may not do that/, /permissions/],
])("%s without a path", (code, what, todo) => {
  expect(constants.errno).toHaveProperty(code);
  const explained = explainSystemError(made(code));
  expect([explained?.message, explained?.todo]).toEqual([
    expect.stringMatching(what),
    expect.stringMatching(todo),
  ]);
  expect(explained?.why).toBe(code);
});

test("leaves alone what is no error of the system, or one that says nothing to a user", () => {
  expect(explainSystemError(new Error("x"))).toBeUndefined();
  expect(explainSystemError(made("ERR_INVALID_ARG_TYPE"))).toBeUndefined();
  expect(explainSystemError("ENOENT")).toBeUndefined();
});
