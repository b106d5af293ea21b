/** Reads along an object of JSON while it is being written. */

/** A member of the object: offsets `[start, end)` of its value; `end` is -1 while it goes on. */
export interface Member {
  key: string;
  start: number;
  end: number;
}

export interface ObjectScanner {
  /** Reads on to the end of `text`, which goes on from the last call. @returns false where it is no JSON */
  scan(text: string): boolean;
  readonly members: readonly Member[];
  /** Offset that is read next, or where it turned out to be no JSON. */
  readonly at: number;
  /** Offset behind the closing brace; -1 until it is there. */
  readonly end: number;
}

/** @param start offset of the opening brace */
export function createObjectScanner(start: number): ObjectScanner {
  const members: Member[] = [];
  let at = start;
  let end = -1;
  let depth = 0;
  let stringStart = -1;
  let isEscaped = false;
  /** The last string of the object itself, which may be a key. */
  let string: string | undefined;
  /** The member whose value comes or goes on. */
  let member: Member | undefined;

  /** A value of the object itself begins. */
  const begin = (offset: number) => {
    if (depth === 1 && member && member.start === -1) member.start = offset;
  };
  /** A value of the object itself is over. */
  const finish = (offset: number) => {
    if (depth === 1 && member && member.start !== -1 && member.end === -1) member.end = offset;
  };

  const inString = (text: string, character: string): boolean => {
    if (isEscaped) isEscaped = false;
    else if (character === "\\") isEscaped = true;
    else if (character === '"') {
      if (depth === 1 && !member) {
        try {
          string = JSON.parse(text.slice(stringStart, at + 1)) as string;
        } catch {
          return false;
        }
      }
      stringStart = -1;
      finish(at + 1);
    }
    return true;
  };

  const outside = (character: string): boolean => {
    switch (character) {
      case '"':
        begin(at);
        stringStart = at;
        return true;
      case ":":
        if (depth !== 1) return true;
        if (string === undefined || member) return false;
        member = { key: string, start: -1, end: -1 };
        members.push(member);
        return true;
      case "{":
      case "[":
        begin(at);
        depth++;
        return true;
      case "}":
      case "]":
        if (depth === 1) {
          if (member?.start === -1) return false;
          finish(at);
          end = at + 1;
          return character === "}";
        }
        depth--;
        finish(at + 1);
        return true;
      case ",":
        if (depth !== 1) return true;
        if (!member || member.start === -1) return false;
        finish(at);
        member = undefined;
        string = undefined;
        return true;
      default:
        if (character.trim() === "") return true;
        begin(at);
        return depth > 1 || member !== undefined;
    }
  };

  return {
    members,
    get at() {
      return at;
    },
    get end() {
      return end;
    },
    scan(text) {
      for (; at < text.length && end === -1; at++) {
        const character = text[at]!;
        const isRight = stringStart === -1 ? outside(character) : inString(text, character);
        if (!isRight) return false;
      }
      return true;
    },
  };
}
