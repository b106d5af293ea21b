import { useState } from "react";
import { bothLanguages, useTexts } from "../language";
import { Button } from "./controls";

const texts = bothLanguages({ copy: "Copy", copied: "Copied" }, { copy: "复制", copied: "已复制" });

/** A command for the terminal, to copy. */
export function Command({ children }: { children: string }) {
  const t = useTexts(texts);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(children);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div className="command">
      <pre>{children}</pre>
      {"clipboard" in navigator && (
        <Button tone="quiet" onClick={() => void copy()}>
          <span aria-live="polite">{isCopied ? t.copied : t.copy}</span>
        </Button>
      )}
    </div>
  );
}
