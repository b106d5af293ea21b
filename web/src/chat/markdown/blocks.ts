/** Markdown of a model as blocks: code apart, the rest as safe HTML. */
import DOMPurify from "dompurify";
import { Marked, type Token } from "marked";

export type Block =
  | { kind: "code"; code: string; language: string }
  | { kind: "html"; html: string };

/** Elements that may remain: nothing that fetches, runs, or takes input. */
const allowedTags =
  "p br strong em del code pre ul ol li blockquote h3 h4 h5 h6 hr a table thead tbody tr th td".split(
    " ",
  );

/** Where a link may lead. */
const linkTarget = /^(?:https?|mailto):/i;

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const marked = new Marked({
  gfm: true,
  renderer: {
    // The page has its own first two levels.
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    // HTML is shown as what was written, and no image is fetched.
    html: ({ text }) => escaped(text),
    image: ({ text, href }) => escaped(`![${text}](${href})`),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** HTML of the page's own renderer, cleaned once more. */
function safeHtml(html: string): string {
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: ["href", "start", "align"],
    ALLOWED_URI_REGEXP: linkTarget,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) {
    const target = link.getAttribute("href");
    if (target === null || !linkTarget.test(target)) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table-frame";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
    table.className = "table";
  }
  const holder = document.createElement("div");
  holder.append(fragment);
  return holder.innerHTML;
}

/** The source of each block; while a text grows, only the last one changes. */
export function blockSources(text: string): string[] {
  return joined(marked.lexer(text)).map(({ raw }) => raw);
}

/** References of links belong to the whole text: such texts are one block. */
function joined(tokens: Token[]): { raw: string }[] {
  if (!tokens.some(({ type }) => type === "def")) {
    return tokens.filter(({ type }) => type !== "space");
  }
  return [{ raw: tokens.map(({ raw }) => raw).join("") }];
}

export function renderBlock(source: string): Block {
  const tokens = marked.lexer(source);
  const [first] = tokens;
  if (tokens.length === 1 && first?.type === "code") {
    const { text, lang } = first as { text: string; lang?: string };
    return { kind: "code", code: text, language: (lang ?? "").split(/\s/)[0] ?? "" };
  }
  return { kind: "html", html: safeHtml(marked.parser(tokens)) };
}
