import { useCallback } from "react";
import { bothLanguages, useTexts } from "../language";

const texts = bothLanguages(
  { "lm-eval": "as lm-evaluation-harness asks", official: "as the publishers ask" },
  { "lm-eval": "按 lm-evaluation-harness 的方式提问", official: "按基准发布者的方式提问" },
);

/** By which rules questions were asked, in words. */
export function useProtocolName(): (protocol: string) => string {
  const t = useTexts(texts);
  return useCallback(
    (protocol: string) => (protocol in t ? t[protocol as keyof typeof t] : protocol),
    [t],
  );
}
