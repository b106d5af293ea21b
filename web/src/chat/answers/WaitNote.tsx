import { useEffect, useState } from "react";
import { bothLanguages, useTexts } from "../../language";
import { useFormats } from "../../ui";

const texts = bothLanguages(
  { full: "The server is full, or starts its engine. It is asked again in" },
  { full: "服务器正忙，或者引擎正在启动。再次请求还需" },
);

/** Counts down to the moment at which a full server is asked again. @param until in ms since 1970 */
export function WaitNote({ until }: { until: number }) {
  const t = useTexts(texts);
  const format = useFormats();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(1, Math.ceil((until - now) / 1000));
  return (
    <p className="notice warn" role="status">
      {t.full} {format.duration(seconds)}
    </p>
  );
}
