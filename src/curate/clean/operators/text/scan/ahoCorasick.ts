/** Finds any number of words in a text in one pass (Aho and Corasick 1975). */

/** A place where a word stands. */
export interface WordMatch {
  start: number;
  end: number;
}

/** States as columns: one Map of arrows for each, failure links, longest word that ends there. */
interface Automaton {
  arrows: Map<number, number>[];
  failure: number[];
  /** Lengths of the words that end in the state, longest first. */
  lengths: number[][];
}

/**
 * A function that calls `visit` for every place where one of the words stands, in order of their
 * ends; overlapping words are all reported. Time is linear in the text and the matches.
 */
export function wordFinder(
  words: Iterable<string>,
): (text: string, visit: (match: WordMatch) => void) => void {
  const automaton = build(words);
  const { arrows, failure, lengths } = automaton;
  return (text, visit) => {
    let state = 0;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      let next = arrows[state]!.get(unit);
      while (next === undefined && state !== 0) {
        state = failure[state]!;
        next = arrows[state]!.get(unit);
      }
      state = next ?? 0;
      for (const length of lengths[state]!) visit({ start: index + 1 - length, end: index + 1 });
    }
  };
}

function build(words: Iterable<string>): Automaton {
  const automaton: Automaton = { arrows: [new Map()], failure: [0], lengths: [[]] };
  const { arrows, failure, lengths } = automaton;
  for (const word of words) {
    let state = 0;
    for (let index = 0; index < word.length; index++) {
      const unit = word.charCodeAt(index);
      let next = arrows[state]!.get(unit);
      if (next === undefined) {
        next = arrows.length;
        arrows.push(new Map());
        failure.push(0);
        lengths.push([]);
        arrows[state]!.set(unit, next);
      }
      state = next;
    }
    if (state !== 0 && !lengths[state]!.includes(word.length)) lengths[state]!.push(word.length);
  }
  const queue = [...arrows[0]!.values()];
  for (const state of queue) {
    for (const [unit, next] of arrows[state]!) {
      let fallback = failure[state]!;
      while (fallback !== 0 && !arrows[fallback]!.has(unit)) fallback = failure[fallback]!;
      const target = arrows[fallback]!.get(unit) ?? 0;
      failure[next] = target;
      lengths[next] = [...lengths[next]!, ...lengths[target]!];
      queue.push(next);
    }
  }
  return automaton;
}
