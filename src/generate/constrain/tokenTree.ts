/** The tokens of a vocabulary by their bytes, as a tree whose nodes lie behind each other. */
import { ConfigError } from "../../util/errors.js";

export interface TokenTree {
  /** Ids of the vocabulary, one more than the largest. */
  vocabulary: number;
  /** Bytes of the longest token. */
  longest: number;
  bytes: readonly (Uint8Array | undefined)[];
  /** [nodes] The byte that leads to a node; node 0 is the root. */
  byte: Uint8Array;
  /** [nodes] First node that is not below this one. Children follow their parent. */
  end: Int32Array;
  /** [nodes + 1] Where the tokens that end at a node begin in `tokens`. */
  from: Int32Array;
  /** Token ids, by node. */
  tokens: Int32Array;
}

/** @throws ConfigError where a vocabulary cannot spell every text */
export function createTokenTree(bytes: readonly (Uint8Array | undefined)[]): TokenTree {
  const ids = bytes.flatMap((text, id) => (text && text.length > 0 ? [id] : []));
  ids.sort((a, b) => Buffer.compare(bytes[a]!, bytes[b]!) || a - b);
  const byte: number[] = [0];
  const end: number[] = [0];
  const from: number[] = [0];
  const tokens: number[] = [];
  /** Nodes of the bytes of the last token. */
  const path: number[] = [0];
  let last: Uint8Array = new Uint8Array(0);
  for (const id of ids) {
    const text = bytes[id]!;
    let shared = 0;
    while (shared < last.length && last[shared] === text[shared]) shared++;
    for (const node of path.splice(shared + 1)) end[node] = byte.length;
    for (let at = shared; at < text.length; at++) {
      path.push(byte.push(text[at]!) - 1);
      end.push(0);
      from.push(tokens.length);
    }
    tokens.push(id);
    last = text;
  }
  for (const node of path) end[node] = byte.length;
  from.push(tokens.length);
  const tree: TokenTree = {
    vocabulary: bytes.length,
    longest: ids.reduce((most, id) => Math.max(most, bytes[id]!.length), 0),
    bytes,
    byte: Uint8Array.from(byte),
    end: Int32Array.from(end),
    from: Int32Array.from(from),
    tokens: Int32Array.from(tokens),
  };
  checkBytes(tree);
  return tree;
}

/** All that JSON needs at least must be tokens by themselves, lest a text comes to a place with no way on. */
function checkBytes({ byte, end, from }: TokenTree): void {
  const alone = new Set<number>();
  for (let node = 1; node < byte.length; node = end[node]!) {
    if (from[node + 1]! > from[node]!) alone.add(byte[node]!);
  }
  for (let wanted = 0x20; wanted < 0x7f; wanted++) {
    if (alone.has(wanted)) continue;
    throw new ConfigError("the vocabulary cannot be held to a format", {
      why: `it has no token for ${JSON.stringify(String.fromCharCode(wanted))} by itself`,
      todo: "ask without response_format",
    });
  }
}
