/** Turns of a conversation with their reasoning, as the model generates them. */
import { hasReasoning, readThought, reasoningOf } from "./reasoning.js";
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
      const segments = template.render(found, { ...options, promptOnly: false });
      return segments
        .flatMap((segment) => {
          const { message: index } = segment;
          if (index === undefined || !isWanted(index)) return [segment];
          return asGenerated(template, messages.slice(0, index + 1), segment, options);
        })
        .map((segment) => (isLearnt(segment, messages, options) ? segment : unlearnt(segment)));
    },
  };
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
 * The last turn of `messages` as it is written while nothing follows.
 * @param segment the turn in the whole conversation
 */
function asGenerated(
  template: ChatTemplate,
  messages: readonly Message[],
  segment: Segment,
  options: RenderOptions,
): Segment[] {
  const index = messages.length - 1;
  const alone = messages.map((message, at) => ({ ...message, train: at === index }));
  const own = template
    .render(alone, { ...options, promptOnly: false })
    .filter(({ message }) => message === index);
  const turn = own.length > 0 ? own : [segment];
  const reasoning = reasoningOf(messages[index]!);
  const [first] = turn;
  if (!reasoning || first === undefined || "ids" in first) return turn;
  if (textOf(turn).includes(reasoning)) return turn;
  const prompt = textOf(
    template.render(messages.slice(0, index), {
      ...options,
      addGenerationPrompt: true,
      promptOnly: true,
    }),
  );
  const opened = /<think>\s*$/.exec(prompt)?.[0];
  if (opened === undefined) return turn;
  const { text, ...rest } = first;
  const { closing, answer } = spelled(messages[index]!);
  const start = Math.max(0, text.indexOf(answer.trim()));
  return [
    { ...rest, text: opened, train: false },
    { ...rest, text: `${reasoning}${closing}${text.slice(start)}` },
    ...turn.slice(1),
  ];
}

/** How the end of a message's reasoning is written, and its answer. */
function spelled(message: Message): { closing: string; answer: string } {
  return readThought(message.content) ?? { closing: "\n</think>\n\n", answer: message.content };
}

function textOf(segments: readonly Segment[]): string {
  return segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
}
