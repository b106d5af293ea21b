/** Answers that are held to a format, token by token. */
import { type Tokenizer, tokenBytes } from "../../text/index.js";
import { ConfigError, TunewrightError } from "../../util/errors.js";
import { maskOf, type TokenMask } from "../tokenMask.js";
import { type Automaton, advance, createAutomaton, type Opened } from "./automaton.js";
import { type InnerCache, type MaskCache, maskAt } from "./masks.js";
import type { Node } from "./nodes.js";
import { rootRule } from "./rules.js";
import { createTokenTree, type TokenTree } from "./tokenTree.js";

/** What one vocabulary's formats share. */
export interface Constrainer {
  tree: TokenTree;
  inner: InnerCache;
  /** The last formats that were asked for, by their text. */
  formats: Map<string, Format>;
}

interface Format extends MaskCache {
  automaton: Automaton;
}

/** Holds one answer to a format. */
export interface Constraint {
  /**
   * The tokens that may follow. Ends are allowed where the value is whole.
   * @param answer ids so far; one list that grows is followed, any other is read anew
   * @throws TunewrightError where the answer is none of the format
   */
  allow(answer: readonly number[]): TokenMask;
}

/** Formats, and the lists of one, that are kept. */
const [mostFormats, mostHeld] = [16, 200_000];

/** @throws ConfigError where a tokenizer's answers cannot be held to a format */
export function createConstrainer(tokenizer: Tokenizer): Constrainer {
  return { tree: createTokenTree(tokenBytes(tokenizer)), inner: new Map(), formats: new Map() };
}

/**
 * @param key tells formats apart: those of equal keys must be equal
 * @param node makes the format, where it is not known yet
 * @param endIds tokens that end an answer
 * @throws ConfigError where nothing fits the format
 */
export function createConstraint(
  constrainer: Constrainer,
  key: string,
  node: () => Node,
  endIds: readonly number[],
): Constraint {
  const { tree } = constrainer;
  if (endIds.length === 0) {
    throw new ConfigError("the model has no end token", {
      why: "an answer in a format ends with it",
      todo: "ask without response_format",
    });
  }
  const format = formatOf(constrainer, key, node);
  const { automaton } = format;
  const ends = maskOf(
    tree.vocabulary,
    endIds.filter((id) => id < tree.vocabulary),
  );
  let place: Opened = automaton.start;
  let read: number[] = [];
  return {
    allow(answer) {
      if (read.length > answer.length || read.at(-1) !== answer[read.length - 1]) {
        place = automaton.start;
        read = [];
      }
      for (let at = read.length; at < answer.length; at++) {
        place = advanceToken(tree, automaton, place, answer[at]!);
        read.push(answer[at]!);
      }
      const mask = maskAt(format, automaton, place);
      return place.whole ? mask.map((word, at) => word | ends[at]!) : mask;
    },
  };
}

function formatOf({ tree, inner, formats }: Constrainer, key: string, node: () => Node): Format {
  const known = formats.get(key);
  formats.delete(key);
  const fits = known && known.automaton.size() < mostHeld;
  const format = fits
    ? known
    : {
        automaton: createAutomaton(rootRule(node())),
        tree,
        inner,
        masks: new Map(),
        numbers: new Map(),
      };
  formats.set(key, format);
  const [oldest] = formats.keys();
  if (formats.size > mostFormats) formats.delete(oldest!);
  return format;
}

function advanceToken(tree: TokenTree, automaton: Automaton, from: Opened, id: number): Opened {
  let place = from;
  for (const byte of tree.bytes[id] ?? []) place = advance(automaton, place, byte);
  if (tree.bytes[id] && (place.whole || place.stacks.length > 0)) return place;
  throw new TunewrightError("an answer left the format that it is held to", {
    why: `token ${id} cannot follow there`,
  });
}
