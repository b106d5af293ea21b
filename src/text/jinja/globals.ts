/** What every chat template sees besides its variables. */
import { dictFromArguments, fromKeys, makeNamespace } from "./attributes.js";
import { TemplateError, TemplateRefusal, typeError, unsupported } from "./errors.js";
import { makeRange } from "./iterate.js";
import { toText } from "./print.js";
import { bindArguments, parseSignature } from "./signature.js";
import { type Arguments, Callable, type Value } from "./values.js";

/** A function of Python with named parameters. */
function pythonFunction(
  name: string,
  parameters: string,
  run: (...values: (Value | undefined)[]) => Value,
): Callable {
  const signature = parseSignature(parameters);
  return new Callable("function", (args) => run(...bindArguments(name, signature, args)));
}

/** @param strftime formats the time of now */
export function templateGlobals(strftime: (format: string) => string): [string, Value][] {
  return [
    ["range", new Callable("function", ({ positional }) => makeRange(positional))],
    [
      "dict",
      new Callable("TemplateDict", dictFromArguments, {
        attribute: (name) =>
          name === "fromkeys"
            ? pythonFunction(name, "keys | value", (keys, value) => fromKeys(keys!, value))
            : undefined,
      }),
    ],
    ["namespace", new Callable("type", makeNamespace)],
    ["cycler", new Callable("type", makeCycler)],
    ["joiner", pythonFunction("joiner", "=| sep", (separator = ", ") => makeJoiner(separator))],
    [
      "lipsum",
      new Callable("function", () => {
        throw unsupported("lipsum, whose text differs each time");
      }),
    ],
    [
      "raise_exception",
      pythonFunction("raise_exception", "=message", (message) => {
        throw new TemplateRefusal(toText(message!));
      }),
    ],
    [
      "strftime_now",
      pythonFunction("strftime_now", "=format", (format) => {
        if (typeof format !== "string") throw typeError("strftime() argument 1 must be str");
        return strftime(format);
      }),
    ],
  ];
}

/** Jinja2's `cycler(…)`: gives its values in turn. */
function makeCycler({ positional }: Arguments): Callable {
  if (positional.length === 0)
    throw new TemplateError("RuntimeError", "at least one item has to be provided");
  let at = 0;
  const next = () => {
    const value = positional[at]!;
    at = (at + 1) % positional.length;
    return value;
  };
  const reset = () => {
    at = 0;
    return null;
  };
  const notCalled = () => {
    throw typeError("'Cycler' object is not callable");
  };
  return new Callable("Cycler", notCalled, {
    attribute(name) {
      if (name === "current") return positional[at]!;
      if (name === "next") return new Callable("method", next);
      return name === "reset" ? new Callable("method", reset) : undefined;
    },
  });
}

/** Jinja2's `joiner(…)`: nothing at first, then the separator. */
function makeJoiner(separator: Value): Callable {
  let used = false;
  return new Callable("Joiner", () => {
    const value = used ? separator : "";
    used = true;
    return value;
  });
}
