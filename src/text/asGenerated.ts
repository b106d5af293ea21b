/** Turns of a conversation with their reasoning, as the model generates them. */
import { hasReasoning, readThought, reasoningOf } from "./reasoning.js";
import { textOf } from "./segmentText.js";
import type { ChatTemplate, Message, RenderOptions, Segment } from "./types.js";

/**
 * A template that writes turns with their reasoning, where the given one leaves it out of turns that
 * others follow: `every` turn or the `last` is put down as the template writes it while it is the last
 * one. Where a template leaves reasoning out of that too because its generation prompt opens it
 * (DeepSeek-R1), what the model generates behind that prompt is put down.
 */
export function withReasoningShown(template: ChatTemplate, which: "every" | "last"): ChatTemplate {
  return {
    ...template,
    render(messages, options = {}) {
      if (options.addGenerationPrompt || !messages.some(hasReasoning)) {
        return template.render(messages, options);
      }
      const last = messages.findLastIndex(({ role }) => role === "assistant");
      const isWanted = (index: number) =>
        messages[index]!.role === "assistant" && (which === "every" || index === last);
      // Turns are found where they are trained on.
      const found = messages.map((message, index) =>
        isWanted(index) ? { ...message, train: true } : message,
      );
      const rendered = template.render(found, { ...options, promptOnly: false });
      if (rendered.every((segment) => showsReasoning(segment, messages))) {
        return template.render(messages, options);
      }
      const segments: Segment[] = [];
      for (const segment of rendered) {
        const { message: index } = segment;
        if (index === undefined || !isWanted(index)) segments.push(segment);
        else putTurn(segments, segment, messages.slice(0, index + 1), template, options);
      }
      return segments.map((one) => (isLearnt(one, messages, options) ? one : unlearnt(one)));
    },
  };
}

/** True where a segment is no turn with reasoning. */
function showsReasoning(segment: Segment, messages: readonly Message[]): boolean {
  const message = segment.message === undefined ? undefined : messages[segment.message];
  const reasoning = message && hasReasoning(message) ? reasoningOf(message) : undefined;
  return reasoning === undefined || textOf([segment]).includes(reasoning);
}

function isLearnt(
  { message, train }: Segment,
  messages: readonly Message[],
  { promptOnly }: RenderOptions,
): boolean {
  if (promptOnly) return false;
  const own = message === undefined ? undefined : messages[message]!;
  return train && (own?.role !== "assistant" || (own.train ?? true));
}

function unlearnt(segment: Segment): Segment {
  return segment.train ? { ...segment, train: false } : segment;
}

/**
 * Adds the last turn of `messages` as it is written while nothing follows.
 * @param segment the turn in the whole conversation
 */
function putTurn(
  segments: Segment[],
  segment: Segment,
  messages: readonly Message[],
  template: ChatTemplate,
  options: RenderOptions,
): void {
  const index = messages.length - 1;
  const only = messages.map((message, at) => ({ ...message, train: at === index }));
  const alone = template.render(only, { ...options, promptOnly: false });
  const start = alone.findIndex(({ message }) => message === index);
  const own = alone.filter(({ message }) => message === index);
  if (start === -1 || !joinOpening(segments.at(-1), textOf(alone.slice(0, start)))) {
    segments.push(segment);
    return;
  }
  segments.push(...withReasoning(endedAlike(own, segment), messages, template, options));
}

/** So many characters may differ where a turn opens. */
const longestDifference = 64;

/**
 * Makes what stands before a turn end as it does where nothing follows the turn.
 * @returns false where the two differ in more than how they open the turn
 */
function joinOpening(before: Segment | undefined, alone: string): boolean {
  if (before === undefined) return alone === "";
  if ("ids" in before || before.train) return false;
  const { text } = before;
  for (let surplus = 0; surplus < Math.min(longestDifference, text.length); surplus++) {
    const shared = text.slice(0, text.length - surplus);
    for (let missing = 0; missing < longestDifference; missing++) {
      if (!alone.endsWith(shared, alone.length - missing)) continue;
      before.text = shared + alone.slice(alone.length - missing);
      return true;
    }
  }
  return false;
}

/** Without what ends the turn only while nothing follows it (gpt-oss, Phi-3). */
function endedAlike(own: Segment[], segment: Segment): Segment[] {
  const last = own.at(-1);
  if (last === undefined || "ids" in last || "ids" in segment) return own;
  const words = segment.text.trimEnd();
  const at = last.text.lastIndexOf(words);
  if (at === -1) return own;
  return [...own.slice(0, -1), { ...last, text: last.text.slice(0, at + words.length) }];
}

/** The turn with its reasoning, where the template lacks it and its generation prompt opens it. */
function withReasoning(
  turn: Segment[],
  messages: readonly Message[],
  template: ChatTemplate,
  options: RenderOptions,
): Segment[] {
  const message = messages.at(-1)!;
  const reasoning = reasoningOf(message);
  const [first] = turn;
  if (!reasoning || first === undefined || "ids" in first) return turn;
  if (textOf(turn).includes(reasoning)) return turn;
  const asked = { ...options, addGenerationPrompt: true, promptOnly: true };
  const prompt = textOf(template.render(messages.slice(0, -1), asked));
  const opened = /<think>\s*$/.exec(prompt)?.[0];
  if (opened === undefined) return turn;
  const { text, ...rest } = first;
  const { closing, answer } = readThought(message.content) ?? {
    closing: "\n</think>\n\n",
    answer: message.content,
  };
  const start = Math.max(0, text.indexOf(answer.trim()));
  return [
    { ...rest, text: opened, train: false },
    { ...rest, text: `${reasoning}${closing}${text.slice(start)}` },
    ...turn.slice(1),
  ];
}
