/**
 * Sources write to the terminal only through src/util/outlet.ts, which outlives a reader that goes away,
 * a full disk and a stopped terminal; and the check of that is held to made-up breaches.
 */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { readSources } from "./layers.js";

/** Files that may, with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  "cli/main.ts": "its last resort is for where the program itself cannot be loaded",
  "cli/chat/converse.ts": "readline edits lines in a terminal",
};

const streams = new Set(["stdout", "stderr", "_rawDebug"]);

/** Whether a node of the syntax tree reaches for standard output or standard error. */
function reachesOut(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const { text } = node.expression;
    return text === "console" || (text === "process" && streams.has(node.name.text));
  }
  if (ts.isElementAccessExpression(node) && ts.isIdentifier(node.expression)) {
    return ["console", "process"].includes(node.expression.text) && !isEnvironment(node);
  }
  if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name)) {
    const from = node.initializer?.getText();
    const names = node.name.elements.map(({ propertyName, name }) =>
      (propertyName ?? name).getText(),
    );
    return from === "console" || (from === "process" && names.some((name) => streams.has(name)));
  }
  if (ts.isImportDeclaration(node)) {
    const from = (node.moduleSpecifier as ts.StringLiteral).text;
    const names = node.importClause?.getText() ?? "";
    return /^(node:)?console$/.test(from) || (/^(node:)?process$/.test(from) && /std/.test(names));
  }
  if (ts.isCallExpression(node)) {
    const [first] = node.arguments;
    const called = node.expression.getText().replace(/^.*\./, "");
    const isWrite = /^(write|writev|writeFile|appendFile)(Sync)?$/.test(called);
    return (
      isWrite && first !== undefined && ts.isNumericLiteral(first) && /^[12]$/.test(first.text)
    );
  }
  return false;
}

const isEnvironment = ({ argumentExpression }: ts.ElementAccessExpression) =>
  ts.isStringLiteral(argumentExpression) && !streams.has(argumentExpression.text);

/** Places that write past src/util/outlet.ts, as `file:line`. */
function directOutput(sources: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [file, text] of sources) {
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (reachesOut(node)) {
        found.push(`${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
      }
      node.forEachChild(visit);
    };
    visit(tree);
  }
  return found;
}

const fileOf = (place: string) => place.slice(0, place.lastIndexOf(":"));

test("sources say what they have to say through util/outlet.ts", () => {
  const sources = readSources(fileURLToPath(new URL("../src", import.meta.url)));
  const places = directOutput(sources);
  expect(places.filter((place) => !(fileOf(place) in exceptions))).toEqual([]);
  // An exception that is not needed any more is one to take away.
  const used = new Set(places.map(fileOf));
  expect(Object.keys(exceptions).filter((file) => !used.has(file))).toEqual([]);
});

test.each([
  ['process.stdout.write("x");', true],
  ["const out = process.stderr;", true],
  ['process["stdout"].write("x");', true],
  ["const { stdout: out } = process;", true],
  ['import { stdout } from "node:process";', true],
  ["console.log(1);", true],
  ["const { warn } = console;", true],
  ['writeSync(2, "x");', true],
  ['fs.appendFileSync(1, "x");', true],
  ["// process.stdout is not used", false],
  ['const text = "console.log(1)";', false],
  ["writeSync(descriptor, bytes);", false],
  ["stdout.write(process.env.HOME);", false],
  ["process.exitCode = 1;", false],
])("%s", (text, isOne) => {
  expect(directOutput(new Map([["a.ts", text]])).length > 0).toBe(isOne);
});
