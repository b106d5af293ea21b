/** The nodes that a template is parsed to: plain data. */
import type { Value } from "./values.js";

export interface CallArguments {
  positional: Expression[];
  named: { name: string; value: Expression }[];
  /** `*values` and `**values`. */
  rest: Expression | undefined;
  namedRest: Expression | undefined;
}

export type Expression = { line: number } & (
  | { type: "constant"; value: Value }
  | { type: "name"; name: string }
  | { type: "tuple" | "list"; items: Expression[] }
  | { type: "dict"; entries: { key: Expression; value: Expression }[] }
  | { type: "unary"; operator: "-" | "+" | "not"; operand: Expression }
  | { type: "binary"; operator: string; left: Expression; right: Expression }
  | { type: "logic"; operator: "and" | "or"; left: Expression; right: Expression }
  | { type: "compare"; first: Expression; rest: { operator: string; value: Expression }[] }
  | { type: "concat"; parts: Expression[] }
  | { type: "conditional"; test: Expression; value: Expression; otherwise: Expression | undefined }
  | { type: "attribute"; object: Expression; name: string }
  | { type: "item"; object: Expression; key: Expression }
  | {
      type: "slice";
      object: Expression;
      start: Expression | undefined;
      stop: Expression | undefined;
      step: Expression | undefined;
    }
  | ({ type: "call"; callee: Expression } & CallArguments)
  | ({ type: "filter" | "test"; name: string; operand: Expression | undefined } & CallArguments)
);

export type Call = Extract<Expression, { type: "call" }>;
export type Filter = Extract<Expression, { type: "filter" | "test" }>;

/** What a value can be assigned to. */
export type Target = { line: number } & (
  | { type: "name"; name: string }
  | { type: "attribute"; namespace: string; name: string }
  | { type: "tuple"; items: Target[] }
);

/** Parameters of a macro or call block; defaults belong to the last of them. */
export interface Parameters {
  names: string[];
  defaults: Expression[];
}

export interface ForLoop {
  type: "for";
  line: number;
  target: Target;
  iterable: Expression;
  test: Expression | undefined;
  recursive: boolean;
  body: Statement[];
  otherwise: Statement[];
}

export type Macro = { type: "macro"; line: number; name: string; body: Statement[] } & Parameters;

/** `{% call %}`, and `{% generation %}`, which calls nothing. */
export type CallBlock = {
  type: "callBlock";
  line: number;
  call: Call | undefined;
  body: Statement[];
} & Parameters;

export type Statement =
  | { type: "output"; line: number; parts: (string | Expression)[] }
  | ForLoop
  | Macro
  | CallBlock
  | {
      type: "if";
      line: number;
      branches: { test: Expression; body: Statement[] }[];
      otherwise: Statement[];
    }
  | { type: "set"; line: number; target: Target; value: Expression }
  | {
      type: "setBlock";
      line: number;
      target: Target;
      filter: Filter | undefined;
      body: Statement[];
    }
  | { type: "filterBlock"; line: number; filter: Filter; body: Statement[] }
  | {
      type: "with";
      line: number;
      assignments: { target: Target; value: Expression }[];
      body: Statement[];
    }
  | {
      type: "block";
      line: number;
      name: string;
      scoped: boolean;
      required: boolean;
      body: Statement[];
    }
  | { type: "break" | "continue"; line: number }
  /** `include`, `import`, `from` and `extends`: there is nothing to load from. */
  | { type: "load"; line: number; tag: string };
