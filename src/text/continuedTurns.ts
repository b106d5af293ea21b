/** Turns of several parts: one message for the template, and parts again for the labels. */
import { DataError } from "../util/errors.js";
import { place } from "./place.js";
import { sliceText } from "./sliceText.js";
import type {
  ChatTemplate,
  Conversation,
  Message,
  RenderOptions,
  Segment,
  Source,
} from "./types.js";

/** A message as templates see it, and the messages that it is made of. */
interface JoinedMessage {
  message: Message;
  /** Index of its first part. */
  first: number;
  parts: readonly Message[];
}

/**
 * Renders a conversation in which messages may go on with the turn before them. `message` of the
 * segments counts the conversation's own messages.
 * @throws DataError when the template refuses it, or changes a turn so that its parts are not found
 */
export function renderConversation(
  { messages, tools, chatTemplateKwargs: variables, source }: Conversation,
  template: ChatTemplate,
  options: Pick<RenderOptions, "promptOnly" | "addGenerationPrompt"> = {},
): Segment[] {
  const render = (list: readonly Message[]) =>
    template.render(list, { ...options, tools, variables, source });
  if (!messages.some(({ continues }) => continues)) return render(messages);
  const joined = joinParts(messages);
  const segments = render(joined.map(({ message }) => message));
  if (options.promptOnly) return segments;
  for (const { parts, message } of joined) {
    const index = joined.findIndex((one) => one.message === message);
    if (parts.length < 2 || !message.train || segments.some((part) => part.message === index)) {
      continue;
    }
    throw new DataError(
      `${place(source)}cannot find the turns in the output of chat template ${template.name}`,
      {
        why: "parts of a turn that are trained on differently have to be found in the rendered text",
        todo: "train on all parts of a turn or none (moss_learn), or use another template",
      },
    );
  }
  return segments.flatMap((segment) => {
    const turn = segment.message === undefined ? undefined : joined[segment.message];
    if (turn === undefined) return [segment];
    if (turn.parts.length === 1) return [{ ...segment, message: turn.first }];
    return splitParts(segment, turn, source);
  });
}

function joinParts(messages: readonly Message[]): JoinedMessage[] {
  const joined: JoinedMessage[] = [];
  for (const [index, message] of messages.entries()) {
    const before = joined.at(-1);
    if (!message.continues || before === undefined) {
      joined.push({ message, first: index, parts: [message] });
      continue;
    }
    const parts = [...before.parts, message];
    const { continues: _continues, ...rest } = parts[0]!;
    before.parts = parts;
    before.message = {
      ...rest,
      role: parts[0]!.role,
      content: parts.map(({ content }) => content).join(""),
      train: parts.some((part) => part.train ?? true),
    };
  }
  return joined;
}

/** A segment that holds a whole turn, as a segment for each part. */
function splitParts(segment: Segment, turn: JoinedMessage, source: Source | undefined): Segment[] {
  if ("ids" in segment) return [{ ...segment, message: turn.first + turn.parts.length - 1 }];
  const ends = partEnds(segment.text, turn);
  if (ends === undefined) {
    throw new DataError(`${place(source)}the chat template changes the text of a turn`, {
      why: "parts of a turn that are trained on differently have to be found in the rendered text",
      todo: "train on all parts of a turn or none (moss_learn), or use another template",
    });
  }
  const split: Segment[] = [];
  let from = 0;
  for (const [index, part] of turn.parts.entries()) {
    const last = index === turn.parts.length - 1;
    const to = last
      ? segment.text.length
      : Math.max(from, Math.min(ends[index]!, segment.text.length));
    const { apart, ...piece } = sliceText(segment, from, to);
    from = to;
    if (piece.text === "") continue;
    const own = { ...piece, train: part.train ?? true, message: turn.first + index };
    split.push(split.length === 0 && apart ? { ...own, apart } : own);
  }
  return split;
}

/**
 * Where the parts of a turn end in its text: one behind the other, or each by itself where the
 * template writes something between them (MOSS's does).
 */
function partEnds(text: string, { message, parts }: JoinedMessage): number[] | undefined {
  const { content } = message;
  const words = [content, content.trim()].find((one) => text.includes(one));
  const ends: number[] = [];
  if (words !== undefined) {
    let end = text.indexOf(words) - content.indexOf(words);
    for (const part of parts) {
      end += part.content.length;
      ends.push(end);
    }
    return ends;
  }
  let from = 0;
  for (const part of parts) {
    const own = [part.content, part.content.trim()].find((one) => text.includes(one, from));
    if (own === undefined) return undefined;
    from = text.indexOf(own, from) + own.length;
    ends.push(from);
  }
  return ends;
}
