import { useState } from "react";
import type { Notice, RunDetail } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Button, Empty, saveFile, useFormats } from "../../ui";
import { RowsDialog } from "./RowsDialog";

const texts = bothLanguages(
  {
    none: "Nothing to tell so far",
    noneWhy: "Warnings, spikes, checkpoints and evaluations come here.",
    filter: "Show",
    all: "All",
    warning: "Warning",
    spike: "Spike",
    non_finite: "Not finite",
    resume: "Went on",
    checkpoint: "Saved",
    evaluation: "Evaluated",
    end: "End",
    error: "Error",
    step: (step: string) => `step ${step}`,
    attempt: (n: number) => `attempt ${n}`,
    rows: "See its rows",
    save: "Save as JSON lines",
    list: "Notices, the newest first",
  },
  {
    none: "目前没有通知",
    noneWhy: "警告、尖峰、检查点和验证结果会出现在这里。",
    filter: "筛选",
    all: "全部",
    warning: "警告",
    spike: "尖峰",
    non_finite: "非有限值",
    resume: "继续",
    checkpoint: "已保存",
    evaluation: "已验证",
    end: "结束",
    error: "错误",
    step: (step: string) => `第 ${step} 步`,
    attempt: (n: number) => `第 ${n} 次启动`,
    rows: "查看数据行",
    save: "保存为 JSONL",
    list: "通知，最新的在前",
  },
);

const tones = {
  warning: "warn",
  spike: "warn",
  non_finite: "bad",
  resume: "accent",
  checkpoint: "",
  evaluation: "",
  end: "good",
  error: "bad",
} as const;

export function NoticesTab({ run }: { run: RunDetail }) {
  const t = useTexts(texts);
  const [kind, setKind] = useState<Notice["kind"] | null>(null);
  const [rowsOf, setRowsOf] = useState<number | null>(null);
  if (run.notices.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
      </Empty>
    );
  }
  const kinds = [...new Set(run.notices.map((notice) => notice.kind))];
  const shown = run.notices.filter((notice) => kind === null || notice.kind === kind).toReversed();
  const save = () =>
    saveFile(
      `${run.name}-notices.jsonl`,
      run.notices.map((notice) => `${JSON.stringify(notice)}\n`).join(""),
      "application/jsonl",
    );
  return (
    <>
      <div className="screen-head">
        <fieldset className="chips">
          <legend className="visually-hidden">{t.filter}</legend>
          <button type="button" aria-pressed={kind === null} onClick={() => setKind(null)}>
            {t.all}
          </button>
          {kinds.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={kind === one}
              onClick={() => setKind(one)}
            >
              {t[one]}
            </button>
          ))}
        </fieldset>
        <Button onClick={save}>{t.save}</Button>
      </div>
      <ol className="notices" aria-label={t.list}>
        {shown.map((notice) => (
          <NoticeRow
            key={`${notice.kind} ${notice.time} ${notice.step} ${notice.text}`}
            notice={notice}
            onRows={() => setRowsOf(notice.step)}
          />
        ))}
      </ol>
      {rowsOf !== null && <RowsDialog run={run.id} step={rowsOf} onClose={() => setRowsOf(null)} />}
    </>
  );
}

function NoticeRow({ notice, onRows }: { notice: Notice; onRows: () => void }) {
  const t = useTexts(texts);
  const { count, moment } = useFormats();
  return (
    <li>
      <Badge tone={tones[notice.kind]}>{t[notice.kind]}</Badge>
      <div>
        <p>{notice.text}</p>
        <p className="small soft figures">
          {t.step(count(notice.step))} · {moment(notice.time)} · {t.attempt(notice.attempt)}
        </p>
      </div>
      {notice.has_rows && (
        <Button tone="quiet" onClick={onRows}>
          {t.rows}
        </Button>
      )}
    </li>
  );
}
