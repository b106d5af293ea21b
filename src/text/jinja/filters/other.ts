/** Jinja2's filters of numbers, of single values, and for the web. */
import { getAttribute, hasAttribute } from "../attributes.js";
import { isTrue } from "../compare.js";
import { dictEntries, isDict } from "../dicts.js";
import { attributeError, isError, TemplateError, typeError, valueError } from "../errors.js";
import { escaped } from "../escape.js";
import { fixedText, roundFloat } from "../floatText.js";
import { iterableOf, iterate, unpack } from "../iterate.js";
import { toJson } from "../json.js";
import {
  negate,
  normalInt,
  numericOf,
  parseFloatText,
  parseInteger,
  toNumber,
  truncate,
} from "../numbers.js";
import { arithmetic } from "../operators.js";
import { toRepr, toText } from "../print.js";
import { type Method, method } from "../signature.js";
import {
  Float,
  failUndefined,
  type Int,
  intOf,
  isInt,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "../values.js";
import { linkUrls } from "./links.js";
import { prettyPrint } from "./pretty.js";

/** Python's `float(value)`. */
function floatOf(value: Value): Float {
  const text = textOf(value);
  if (text !== undefined) return parseFloatText(text);
  const number = numericOf(value);
  if (number !== undefined) return new Float(toNumber(number));
  if (value instanceof Undefined) failUndefined(value);
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
}

/** Python's `int(value)`. */
function wholeOf(value: Value, base: number): Int {
  const text = textOf(value);
  if (text !== undefined) return parseInteger(text, base);
  const number = intOf(value);
  return number ?? truncate(floatOf(value).value);
}

function toInt(value: Value, usual: Value, base: number): Value {
  try {
    return wholeOf(value, base);
  } catch (error) {
    if (!isError(error, "TypeError", "ValueError")) throw error;
  }
  try {
    return truncate(floatOf(value).value);
  } catch (error) {
    if (!isError(error, "TypeError", "ValueError", "OverflowError")) throw error;
    return usual;
  }
}

function toFloat(value: Value, usual: Value): Value {
  try {
    return floatOf(value);
  } catch (error) {
    if (!isError(error, "TypeError", "ValueError")) throw error;
    return usual;
  }
}

function round(value: Value, precision: Value = 0, method: Value = "common"): Value {
  const how = toText(method);
  if (!["common", "ceil", "floor"].includes(how))
    throw new TemplateError("FilterArgumentError", "method must be common, ceil or floor");
  if (how === "common") return roundHalfEven(value, precision);
  const scale = arithmetic["**"]!(10, precision);
  const scaled = numericOf(arithmetic["*"]!(value, scale));
  if (scaled === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  const whole = isInt(scaled)
    ? scaled
    : truncate(how === "ceil" ? Math.ceil(scaled.value) : Math.floor(scaled.value));
  return arithmetic["/"]!(whole, scale);
}

function roundHalfEven(value: Value, precision: Value): Value {
  const number = numericOf(value);
  if (number === undefined) {
    if (value instanceof Undefined) failUndefined(value);
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  const places = precision === null ? 0 : intOf(precision);
  if (places === undefined)
    throw typeError(`'${typeName(precision)}' object cannot be interpreted as an integer`);
  if (number instanceof Float)
    return precision === null
      ? truncate(roundFloat(number.value, 0))
      : new Float(roundFloat(number.value, Number(places)));
  if (places >= 0) return number;
  const unit = 10n ** BigInt(-places);
  const big = BigInt(number);
  const low = big - (((big % unit) + unit) % unit);
  const twice = (big - low) * 2n;
  const up = twice > unit || (twice === unit && (low / unit) % 2n !== 0n);
  return normalInt(up ? low + unit : low);
}

function fileSize(value: Value, binary: boolean): string {
  const bytes = floatOf(value).value;
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${toText(truncate(bytes))} Bytes`;
  const letters = [..."kMGTPEZY"];
  const at = Math.min(
    letters.findIndex((_, index) => bytes < base ** (index + 2)) >>> 0,
    letters.length - 1,
  );
  const letter = binary && at === 0 ? "K" : letters[at];
  const size = fixedText((base * bytes) / base ** (at + 2), 1);
  return `${size} ${letter}${binary ? "iB" : "B"}`;
}

function quoteUrl(value: Value, isQuery: boolean): string {
  const text = toText(value);
  if (/\p{Cs}/u.test(text)) throw valueError("surrogates are not allowed in a URL");
  const quoted = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return isQuery ? quoted.replaceAll("%20", "+") : quoted.replaceAll("%2F", "/");
}

function urlEncode(value: Value): string {
  if (textOf(value) !== undefined || iterableOf(value) === undefined) return quoteUrl(value, false);
  const pairs = isDict(value)
    ? dictEntries(value)
    : Array.from(iterate(value), (pair) => unpack(pair, 2));
  return pairs.map(([key, item]) => `${quoteUrl(key!, true)}=${quoteUrl(item!, true)}`).join("&");
}

function xmlAttributes(value: Value, autoSpace: boolean): string {
  if (!isDict(value)) throw attributeError(`'${typeName(value)}' object has no attribute 'items'`);
  const items: string[] = [];
  for (const [key, item] of dictEntries(value)) {
    if (item === null || item instanceof Undefined) continue;
    const name = textOf(key);
    if (name === undefined) throw typeError(`expected string, got '${typeName(key)}'`);
    if (/[\t-\r />=]/.test(name))
      throw valueError(`Invalid character in attribute name: ${toRepr(key)}`);
    items.push(`${escaped(key)}="${escaped(item)}"`);
  }
  const text = items.join(" ");
  return autoSpace && text !== "" ? ` ${text}` : text;
}

function usual(value: Value, other: Value = "", boolean: Value = false): Value {
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? other : value;
}

export const otherFilters: Readonly<Record<string, Method<Value>>> = {
  abs: method("", (value) => {
    const number = numericOf(value);
    if (number === undefined) {
      if (value instanceof Undefined) failUndefined(value);
      throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    }
    if (number instanceof Float) return new Float(Math.abs(number.value));
    return number < 0 ? negate(number) : number;
  }),
  attr: method("=name", (value, name) => {
    const text = textOf(name!);
    if (text === undefined) throw typeError("attribute name must be string");
    return hasAttribute(value, text)
      ? getAttribute(value, text)
      : new Undefined(() => `'${typeName(value)} object' has no attribute '${text}'`);
  }),
  d: method("=| default_value boolean", usual),
  default: method("=| default_value boolean", usual),
  filesizeformat: method("=| binary", (value, binary = false) => fileSize(value, isTrue(binary))),
  float: method("=| default", (value, other = new Float(0)) => toFloat(value, other)),
  int: method("=| default base", (value, other = 0, base = 10) =>
    toInt(value, other, Number(intOf(base) ?? 10)),
  ),
  pprint: method("=", prettyPrint),
  round: method("=| precision method", round),
  tojson: toJson,
  urlencode: method("=", urlEncode),
  urlize: method("=| trim_url_limit nofollow target rel extra_schemes", linkUrls),
  xmlattr: method("=| autospace", (value, autoSpace = true) =>
    xmlAttributes(value, isTrue(autoSpace)),
  ),
};
