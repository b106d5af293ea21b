/** Chat templates in the language of Go's text/template, as Ollama runs them. */
import type { TurnTexts } from "./turnTexts.js";

/**
 * The source of a template. Ollama gives it all messages of a conversation, and the system messages
 * once more, joined.
 *
 * @param texts without a start token that the tokenizer puts before every text
 */
export function goTemplate({ opening, system, answer, next, prompt }: TurnTexts): string {
  const [before, behind] = system ?? [];
  const head =
    before === undefined
      ? literal(opening)
      : `{{ if .System }}${literal(before)}{{ .System }}${literal(behind!)}{{ else }}${literal(opening)}{{ end }}`;
  const after =
    answer === prompt
      ? literal(prompt)
      : `{{ if $last }}${literal(prompt)}{{ else }}${literal(answer)}{{ end }}`;
  return [
    head,
    "{{ range $i, $m := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}",
    `{{ if eq $m.Role "user" }}{{ $m.Content }}${after}`,
    `{{ else if eq $m.Role "assistant" }}{{ $m.Content }}{{ if not $last }}${literal(next)}{{ end }}`,
    "{{ end }}{{ end }}",
  ].join("");
}

/** A text as it is, or in quotes where Go's templates or a Modelfile would read it otherwise. */
function literal(text: string): string {
  if (!/\{\{|\}\}|"""|^"|"$/.test(text) && text.search(unprintable) < 0) return text;
  const quoted = JSON.stringify(text).replace(
    unprintable,
    (character) => `\\U${character.codePointAt(0)!.toString(16).padStart(8, "0")}`,
  );
  return `{{ ${quoted} }}`;
}

/** What Go does not count as printable, and Modelfiles drop, but for ends of lines. */
const unprintable = /(?![ \n])[\p{C}\p{Z}]/gu;
