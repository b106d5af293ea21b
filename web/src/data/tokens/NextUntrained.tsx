import { useEffect, useRef, useState } from "react";
import type { DataFileDetail, NextUntrained } from "../../../../src/serve/schema";
import { ApiError, getJson } from "../../api/client";
import { changeQuery, useRoute } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button, useFormats } from "../../ui";
import { type Chosen, tokenQuery } from "./useTokenSettings";

const texts = bothLanguages(
  {
    next: "Next row of which nothing is learnt",
    stop: "Stop",
    searched: (row: string, rows: string) => `Looked at rows up to ${row} of ${rows}`,
    none: "Of every row after this one something is learnt.",
    found: (row: string) => `Nothing is learnt of row ${row}.`,
  },
  {
    next: "下一个没有可学内容的行",
    stop: "停止",
    searched: (row: string, rows: string) => `已检查到第 ${row} 行，共 ${rows} 行`,
    none: "此后的每一行都有可学的内容。",
    found: (row: string) => `第 ${row} 行没有可学的内容。`,
  },
);

/** Goes through the rows after this one until nothing of one is learnt: such rows cost time and teach nothing. */
export function NextUntrainedButton(props: { file: DataFileDetail; row: number; chosen: Chosen }) {
  const { file, row, chosen } = props;
  const t = useTexts(texts);
  const { count } = useFormats();
  const route = useRoute();
  const [said, setSaid] = useState("");
  const [control, setControl] = useState<AbortController | null>(null);
  const latest = useRef(route);
  latest.current = route;
  useEffect(() => () => control?.abort(), [control]);
  const search = async () => {
    const running = new AbortController();
    setControl(running);
    const path = `api/data/${encodeURIComponent(file.id)}/untrained?${tokenQuery(chosen)}`;
    try {
      for (let after = row; ; ) {
        const answer = await getJson<NextUntrained>(`${path}&after=${after}`, running.signal);
        if (answer.row !== null) {
          setSaid(t.found(count(answer.row + 1)));
          changeQuery(latest.current, { row: String(answer.row), find: null });
          break;
        }
        if (answer.is_end || answer.searched <= after) {
          setSaid(t.none);
          break;
        }
        after = answer.searched;
        setSaid(t.searched(count(after + 1), count(file.rows)));
      }
    } catch (error) {
      if (!running.signal.aborted)
        setSaid(error instanceof ApiError ? error.message : String(error));
    }
    setControl(null);
  };
  return (
    <div className="next-untrained">
      {control ? (
        <Button onClick={() => control.abort()}>{t.stop}</Button>
      ) : (
        <Button onClick={() => void search()}>{t.next}</Button>
      )}
      <span className="small soft" role="status">
        {said}
      </span>
    </div>
  );
}
