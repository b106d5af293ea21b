import { useState } from "react";
import type { RunDetail } from "../../../../src/serve/schema";
import { sendJson } from "../../api/client";
import { addressOf } from "../../app/route";
import { bothLanguages, useTexts } from "../../language";
import { Button, Dialog, LinkButton, useFormats } from "../../ui";
import { newRunAddress, runPath } from "../addresses";
import { useAction } from "../useAction";
import { ResumeDialog } from "./ResumeDialog";

const texts = bothLanguages(
  {
    stop: "Stop",
    resume: "Go on",
    duplicate: "Duplicate",
    compare: "Before and after",
    stopTitle: "Stop this run?",
    stopWhy: (step: string) =>
      `It stands at step ${step}. It finishes that step, saves a checkpoint, and ends; you can go on from there exactly.`,
    stopNow: "Save and stop",
    keep: "Keep training",
    stopping: "It saves and stops …",
  },
  {
    stop: "停止",
    resume: "继续训练",
    duplicate: "复制",
    compare: "训练前后对比",
    stopTitle: "停止这个训练？",
    stopWhy: (step: string) =>
      `目前在第 ${step} 步。它会完成当前步、保存检查点后结束，之后可以从那里精确地继续。`,
    stopNow: "保存并停止",
    keep: "暂不停止",
    stopping: "正在保存并停止……",
  },
);

/** What can be done with a run; what cannot is explained on its button. */
export function RunActions({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  const t = useTexts(texts);
  const [open, setOpen] = useState<"stop" | "resume" | null>(null);
  const [isStopping, setStopping] = useState(false);
  const { stop, resume, duplicate } = run.actions;
  const isRunning = run.state === "running";
  return (
    <div className="actions">
      {duplicate.possible && <LinkButton href={newRunAddress(run.id)}>{t.duplicate}</LinkButton>}
      {run.state === "done" && (
        <LinkButton tone="primary" href={addressOf(["chat", "compare"], { run: run.id })}>
          {t.compare}
        </LinkButton>
      )}
      {isRunning && !isStopping && (
        <Button
          tone="danger"
          disabled={!stop.possible}
          title={stop.reason ?? undefined}
          onClick={() => setOpen("stop")}
        >
          {t.stop}
        </Button>
      )}
      {isRunning && isStopping && (
        <span role="status" className="soft">
          {t.stopping}
        </span>
      )}
      {!isRunning && run.state !== "done" && (
        <Button
          tone="primary"
          disabled={!resume.possible}
          title={resume.reason ?? undefined}
          onClick={() => setOpen("resume")}
        >
          {t.resume}
        </Button>
      )}
      {!isRunning && run.state !== "done" && !resume.possible && (
        <span className="small soft">{resume.reason}</span>
      )}
      {isRunning && !stop.possible && <span className="small soft">{stop.reason}</span>}
      {open === "stop" && (
        <StopDialog
          run={run}
          onClose={() => setOpen(null)}
          onStopping={() => {
            setOpen(null);
            setStopping(true);
            onChange();
          }}
        />
      )}
      {open === "resume" && (
        <ResumeDialog
          run={run}
          onClose={() => setOpen(null)}
          onResumed={() => {
            setOpen(null);
            setStopping(false);
            onChange();
          }}
        />
      )}
    </div>
  );
}

function StopDialog(props: { run: RunDetail; onClose: () => void; onStopping: () => void }) {
  const t = useTexts(texts);
  const { count } = useFormats();
  const action = useAction();
  const stop = async () => {
    await sendJson("POST", runPath(props.run.id, "stop"));
    props.onStopping();
  };
  return (
    <Dialog label={t.stopTitle} onClose={props.onClose}>
      <div className="stack">
        <h2>{t.stopTitle}</h2>
        <p>{t.stopWhy(count(props.run.step))}</p>
        {action.error && (
          <p className="bad-text" role="alert">
            {action.error}
          </p>
        )}
        <div className="actions">
          <Button tone="danger" disabled={action.isBusy} onClick={() => action.run(stop)}>
            {t.stopNow}
          </Button>
          <Button onClick={props.onClose}>{t.keep}</Button>
        </div>
      </div>
    </Dialog>
  );
}
