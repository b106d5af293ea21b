/** How the arguments of a call reach the parameters of a function of Python. */
import { typeError } from "./errors.js";
import { type Arguments, Callable, type Value } from "./values.js";

export interface Signature {
  parameters: readonly string[];
  /** How many of them have no default. */
  required: number;
  /** Whether arguments may be given by name. */
  byName: boolean;
}

/**
 * @returns a value for each parameter, undefined where the default counts
 * @throws TemplateError TypeError for missing, unknown and repeated arguments
 */
export function bindArguments(
  name: string,
  { parameters, required, byName }: Signature,
  { positional, named }: Arguments,
): (Value | undefined)[] {
  if (!named?.size && positional.length >= required && positional.length <= parameters.length)
    return positional as Value[];
  if (positional.length > parameters.length)
    throw typeError(
      `${name}() takes at most ${parameters.length} arguments (${positional.length} given)`,
    );
  const values: (Value | undefined)[] = [...positional];
  for (const [key, value] of named ?? []) {
    const at = parameters.indexOf(key);
    if (!byName) throw typeError(`${name}() takes no keyword arguments`);
    if (at < 0) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (values[at] !== undefined)
      throw typeError(`${name}() got multiple values for argument '${key}'`);
    values[at] = value;
  }
  const missing = parameters.findIndex((_, at) => at < required && values[at] === undefined);
  if (missing >= 0)
    throw typeError(`${name}() missing required argument: '${parameters[missing]}'`);
  return values;
}

/** A method of values of one kind. */
export type Method<Self> =
  | { signature: Signature; run: (self: Self, ...args: (Value | undefined)[]) => Value }
  | { free: (self: Self, args: Arguments) => Value };

/**
 * A method with named parameters.
 * @param parameters names, separated by spaces; those after `|` have defaults. A leading `=` allows
 *   arguments by name.
 */
export function method<Self>(
  parameters: string,
  run: (self: Self, ...args: (Value | undefined)[]) => Value,
): Method<Self> {
  return { signature: parseSignature(parameters), run };
}

export function parseSignature(parameters: string): Signature {
  const byName = parameters.startsWith("=");
  const [required, optional] = parameters
    .replace("=", "")
    .split("|")
    .map((part) => part.split(" ").filter((name) => name !== ""));
  return {
    parameters: [...required!, ...(optional ?? [])],
    required: required!.length,
    byName,
  };
}

/** @throws TemplateError for arguments that the method does not take */
export function runMethod<Self>(
  self: Self,
  name: string,
  one: Method<Self>,
  args: Arguments,
): Value {
  return "free" in one
    ? one.free(self, args)
    : one.run(self, ...bindArguments(name, one.signature, args));
}

/** A method taken off its value, as `text.upper` without parentheses. */
export function boundMethod<Self>(self: Self, name: string, one: Method<Self>): Callable {
  return new Callable("builtin_function_or_method", (args) => runMethod(self, name, one, args));
}
