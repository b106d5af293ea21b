/**
 * Which variable a name means where. Jinja2 decides it before a template runs: every scope (template,
 * loop, macro, block) gets the names it reads or sets, each either its own, another scope's at the
 * time of entry, or looked up among the template's variables.
 */
import { TemplateSyntaxError } from "./errors.js";
import type { Expression, ForLoop, Statement, Target } from "./nodes.js";

/** How a variable gets its value where its scope begins. */
export type Load =
  | { from: "parameter" | "nothing" }
  | { from: "context"; name: string }
  | { from: "variable"; variable: string };

export interface Scope {
  readonly level: number;
  readonly parent: Scope | undefined;
  /** Variables by name. A variable is `level name`: loops one after the other share theirs. */
  readonly variables: Map<string, string>;
  readonly loads: Map<string, Load>;
  readonly stores: Set<string>;
}

export function innerScope(parent: Scope | undefined): Scope {
  const level = parent === undefined ? 0 : parent.level + 1;
  return { level, parent, variables: new Map(), loads: new Map(), stores: new Set() };
}

function define(scope: Scope, name: string, load: Load): string {
  const variable = `${scope.level} ${name}`;
  scope.variables.set(name, variable);
  scope.loads.set(variable, load);
  return variable;
}

function find(scope: Scope | undefined, name: string): string | undefined {
  for (let one = scope; one; one = one.parent) {
    const variable = one.variables.get(name);
    if (variable !== undefined) return variable;
  }
  return undefined;
}

/** The variable that a name means. @throws TemplateSyntaxError for names that Jinja2 overlooks too */
export function variableOf(scope: Scope, name: string, line: number): string {
  const variable = find(scope, name);
  if (variable === undefined)
    throw new TemplateSyntaxError(
      `Tried to resolve a name to a reference that was unknown to the frame ('${name}')`,
      line,
    );
  return variable;
}

export function declareParameter(scope: Scope, name: string): string {
  scope.stores.add(name);
  return define(scope, name, { from: "parameter" });
}

function store(scope: Scope, name: string): void {
  scope.stores.add(name);
  if (scope.variables.has(name)) return;
  const outer = find(scope.parent, name);
  define(
    scope,
    name,
    outer === undefined ? { from: "nothing" } : { from: "variable", variable: outer },
  );
}

function read(scope: Scope, name: string): void {
  if (find(scope, name) === undefined) define(scope, name, { from: "context", name });
}

/** Notes the names of a body; bodies that have a scope of their own are left out. */
export function noteBody(scope: Scope, body: readonly Statement[]): void {
  for (const statement of body) noteStatement(scope, statement);
}

function noteStatement(scope: Scope, statement: Statement): void {
  if (statement.type === "if") noteIf(scope, statement.branches, statement.otherwise);
  else if (statement.type === "macro") store(scope, statement.name);
  else if (statement.type === "set") {
    noteExpression(scope, statement.value);
    noteTarget(scope, statement.target);
  } else if (statement.type === "setBlock") noteTarget(scope, statement.target);
  else for (const expression of outerExpressions(statement)) noteExpression(scope, expression);
}

/** The expressions of a statement that belong to the scope around it. */
function outerExpressions(statement: Statement): readonly (Expression | undefined)[] {
  switch (statement.type) {
    case "output":
      return statement.parts.filter((part) => typeof part !== "string");
    case "for":
      return [statement.iterable];
    case "callBlock":
      return [statement.call];
    case "filterBlock":
      return [statement.filter];
    case "with":
      return statement.assignments.map(({ value }) => value);
  }
  return [];
}

function noteTarget(scope: Scope, target: Target): void {
  if (target.type === "name") store(scope, target.name);
  else if (target.type === "attribute") read(scope, target.namespace);
  else for (const item of target.items) noteTarget(scope, item);
}

/** Declares the names of a target as parameters, as loops and `with` do. */
export function declareTarget(scope: Scope, target: Target): void {
  if (target.type === "name") declareParameter(scope, target.name);
  else if (target.type === "attribute") read(scope, target.namespace);
  else for (const item of target.items) declareTarget(scope, item);
}

export function noteExpression(scope: Scope, expression: Expression | undefined): void {
  if (expression === undefined) return;
  if (expression.type === "name") read(scope, expression.name);
  else for (const part of partsOf(expression)) noteExpression(scope, part);
}

/**
 * What the branches of an `if` set is known after it; where no branch ran that sets it, it is what it
 * was outside, or the template's variable of that name.
 */
function noteIf(
  scope: Scope,
  branches: readonly { test: Expression; body: readonly Statement[] }[],
  otherwise: readonly Statement[],
): void {
  const [first, ...elifs] = branches;
  noteExpression(scope, first!.test);
  const copies = [copyOf(scope), copyOf(scope), copyOf(scope)] as const;
  noteBody(copies[0], first!.body);
  for (const { test, body } of elifs) noteIf(copies[1], [{ test, body }], []);
  noteBody(copies[2], otherwise);
  const stored = new Set(copies.flatMap(({ stores }) => [...stores]));
  const added = [...stored].filter((name) => !scope.stores.has(name));
  for (const copy of copies) {
    for (const [name, variable] of copy.variables) scope.variables.set(name, variable);
    for (const [variable, load] of copy.loads) scope.loads.set(variable, load);
    for (const name of copy.stores) scope.stores.add(name);
  }
  for (const name of added) {
    const outer = find(scope.parent, name);
    scope.loads.set(
      find(scope, name)!,
      outer === undefined ? { from: "context", name } : { from: "variable", variable: outer },
    );
  }
}

function copyOf(scope: Scope): Scope {
  return {
    ...scope,
    variables: new Map(scope.variables),
    loads: new Map(scope.loads),
    stores: new Set(scope.stores),
  };
}

/** The expressions directly inside of one, in the order of Jinja2's fields. */
function partsOf(expression: Expression): (Expression | undefined)[] {
  switch (expression.type) {
    case "constant":
    case "name":
      return [];
    case "tuple":
    case "list":
      return expression.items;
    case "dict":
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case "unary":
      return [expression.operand];
    case "binary":
    case "logic":
      return [expression.left, expression.right];
    case "compare":
      return [expression.first, ...expression.rest.map(({ value }) => value)];
    case "concat":
      return expression.parts;
    case "conditional":
      return [expression.test, expression.value, expression.otherwise];
    case "attribute":
      return [expression.object];
    case "item":
      return [expression.object, expression.key];
    case "slice":
      return [expression.object, expression.start, expression.stop, expression.step];
  }
  const { positional, named, rest, namedRest } = expression;
  const first = expression.type === "call" ? expression.callee : expression.operand;
  return [first, ...positional, ...named.map(({ value }) => value), rest, namedRest];
}

/**
 * Which of the names a body reads before it sets them, looking into all scopes inside: whether a loop
 * needs `loop`, and a macro `caller`, `varargs` or `kwargs`.
 */
export function undeclaredNames(
  body: readonly Statement[],
  names: readonly string[],
): ReadonlySet<string> {
  const open = new Set(names);
  const found = new Set<string>();
  const visit: Visit = {
    read(name) {
      if (open.has(name)) found.add(name);
    },
    store: (name) => open.delete(name),
    parameter: (name) => open.delete(name),
  };
  for (const statement of body) walkStatement(statement, visit);
  return found;
}

interface Visit {
  read(name: string): void;
  store(name: string): void;
  /** Of macros and `with`. */
  parameter(name: string): void;
}

/** Whether a body has a `{% block … scoped %}` at any depth, which may read `loop`. */
export function hasScopedBlock(body: readonly Statement[]): boolean {
  return body.some(
    (statement) =>
      (statement.type === "block" && statement.scoped) ||
      statementParts(statement).some((part) => Array.isArray(part) && hasScopedBlock(part)),
  );
}

/** Names that are set anywhere in a loop, its target included. */
export function storedNames(loop: ForLoop): ReadonlySet<string> {
  const names = new Set<string>();
  const ignore = () => undefined;
  walkStatement(loop, { read: ignore, store: (name) => names.add(name), parameter: ignore });
  return names;
}

function walkExpression(expression: Expression | undefined, visit: Visit): void {
  if (expression === undefined) return;
  if (expression.type === "name") visit.read(expression.name);
  else for (const part of partsOf(expression)) walkExpression(part, visit);
}

function walkTarget(target: Target, visit: (name: string) => void): void {
  if (target.type === "name") visit(target.name);
  else if (target.type === "tuple") for (const item of target.items) walkTarget(item, visit);
}

function walkStatement(statement: Statement, visit: Visit): void {
  for (const part of statementParts(statement)) {
    if (typeof part === "string") visit.parameter(part);
    else if (Array.isArray(part)) for (const inner of part) walkStatement(inner, visit);
    else if ("target" in part) walkTarget(part.target, visit[part.as]);
    else walkExpression(part, visit);
  }
}

/** A name that becomes a parameter, a target, an expression, or a body. */
type Part = string | { target: Target; as: "store" | "parameter" } | Expression | Statement[];

/** The parts of a statement in the order of Jinja2's fields. */
function statementParts(statement: Statement): readonly Part[] {
  const some = (expression: Expression | undefined) => (expression ? [expression] : []);
  switch (statement.type) {
    case "output":
      return outerExpressions(statement) as Expression[];
    case "for": {
      const { target, iterable, body, otherwise, test } = statement;
      return [{ target, as: "store" }, iterable, body, otherwise, ...some(test)];
    }
    case "if":
      return [...statement.branches.flatMap(({ test, body }) => [test, body]), statement.otherwise];
    case "set":
      return [{ target: statement.target, as: "store" }, statement.value];
    case "setBlock":
      return [{ target: statement.target, as: "store" }, ...some(statement.filter), statement.body];
    case "macro":
      return [...statement.names, ...statement.defaults, statement.body];
    case "callBlock":
      return [...some(statement.call), ...statement.names, ...statement.defaults, statement.body];
    case "filterBlock":
      return [statement.body, statement.filter];
    case "with":
      return [
        ...statement.assignments.map(({ target }) => ({ target, as: "parameter" }) as const),
        ...statement.assignments.map(({ value }) => value),
        statement.body,
      ];
  }
  return [];
}
