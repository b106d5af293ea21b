import { memo, useMemo, useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { Button } from "../../ui";
import { copyText } from "../copyText";
import { blockSources, renderBlock } from "./blocks";

const texts = bothLanguages(
  { copy: "Copy", copied: "Copied", failed: "Select and copy by hand", code: "Code" },
  { copy: "复制", copied: "已复制", failed: "请手动选择复制", code: "代码" },
);

/** Text of a model as Markdown. Blocks that are whole are not made again while the text grows. */
export function Markdown({ text }: { text: string }) {
  const sources = useMemo(() => blockSources(text), [text]);
  return (
    <div className="markdown">
      {sources.map((source, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added at the end
        <MarkdownBlock key={i} source={source} />
      ))}
    </div>
  );
}

const MarkdownBlock = memo(function MarkdownBlock({ source }: { source: string }) {
  const block = useMemo(() => renderBlock(source), [source]);
  if (block.kind === "code") return <CodeBlock code={block.code} language={block.language} />;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: cleaned by DOMPurify in renderBlock
  return <div dangerouslySetInnerHTML={{ __html: block.html }} />;
});

/** Code with its language and a button that copies it. */
export function CodeBlock({ code, language }: { code: string; language: string }) {
  const t = useTexts(texts);
  const [state, setState] = useState<"copy" | "copied" | "failed">("copy");
  const copy = async () => {
    setState((await copyText(code)) ? "copied" : "failed");
    setTimeout(() => setState("copy"), 2000);
  };
  return (
    <figure className="code-block">
      <figcaption>
        <span className="small soft">{language || t.code}</span>
        <Button tone="quiet" className="small" onClick={() => void copy()}>
          {t[state]}
        </Button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}
