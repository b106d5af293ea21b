import { type DragEvent, useState } from "react";
import type { Queue, QueuedJob } from "../../../../src/serve/schema";
import { sendJson } from "../../api/client";
import { useServer } from "../../api/live";
import { useResource } from "../../api/useResource";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Button, Card } from "../../ui";
import { runAddress } from "../addresses";
import { type Action, useAction } from "../useAction";
import { valueText } from "../valueText";

const texts = bothLanguages(
  {
    title: "Queue",
    explanation: "One run trains at a time. When one fails, the next begins.",
    isPaused: "Paused: nothing more begins until you continue.",
    pause: "Pause",
    continue: "Continue",
    up: (name: string) => `Move ${name} up`,
    down: (name: string) => `Move ${name} down`,
    remove: (name: string) => `Remove ${name} from the queue`,
    removeWord: "Remove",
    list: "Jobs in order",
    waiting: "Waiting",
    checking: "Being checked",
    running: "Training",
    done: "Done",
    failed: "Failed",
    refused: "Refused by the check",
    stopped: "Stopped",
    drag: "Drag to change the order",
  },
  {
    title: "队列",
    explanation: "同一时间只训练一个；某个失败后会自动开始下一个。",
    isPaused: "已暂停：点击继续后才会开始新的训练。",
    pause: "暂停",
    continue: "继续",
    up: (name: string) => `将 ${name} 上移`,
    down: (name: string) => `将 ${name} 下移`,
    remove: (name: string) => `将 ${name} 移出队列`,
    removeWord: "移除",
    list: "任务顺序",
    waiting: "排队中",
    checking: "检查中",
    running: "训练中",
    done: "已完成",
    failed: "失败",
    refused: "未通过检查",
    stopped: "已停止",
    drag: "拖动以调整顺序",
  },
);

const tones = {
  waiting: "",
  checking: "accent",
  running: "accent",
  done: "good",
  failed: "bad",
  refused: "bad",
  stopped: "warn",
} as const;

/** The queue; nothing where nothing is in it. */
export function QueueCard() {
  const t = useTexts(texts);
  const { queue: live } = useServer();
  const fetched = useResource<Queue>("api/queue");
  const action = useAction();
  const queue = live ?? fetched.data;
  if (queue === null || queue.jobs.length === 0) return null;
  const send = (method: "POST" | "PUT" | "DELETE", path: string, body?: unknown) =>
    action.run(async () => {
      await sendJson(method, `api/queue/${path}`, body);
      fetched.reload();
    });
  return (
    <Card label={t.title}>
      <div className="stack">
        <div className="screen-head">
          <div>
            <h2>{t.title}</h2>
            <p className="small soft">{queue.paused ? t.isPaused : t.explanation}</p>
          </div>
          <Button
            disabled={action.isBusy}
            onClick={() => send("POST", queue.paused ? "continue" : "pause")}
          >
            {queue.paused ? t.continue : t.pause}
          </Button>
        </div>
        <Jobs jobs={queue.jobs} action={action} send={send} />
        {action.error && (
          <p className="bad-text" role="alert">
            {action.error}
          </p>
        )}
      </div>
    </Card>
  );
}

function Jobs(props: {
  jobs: readonly QueuedJob[];
  action: Action;
  send: (method: "PUT" | "DELETE", path: string, body?: unknown) => void;
}) {
  const t = useTexts(texts);
  const [dragged, setDragged] = useState<string | null>(null);
  const waiting = props.jobs.filter(({ state }) => state === "waiting").map(({ id }) => id);
  const moveTo = (id: string, place: number) => {
    const ids = waiting.filter((other) => other !== id);
    ids.splice(place, 0, id);
    props.send("PUT", "order", { ids });
  };
  return (
    <ol className="queue" aria-label={t.list}>
      {props.jobs.map((job) => {
        const place = waiting.indexOf(job.id);
        return (
          <li
            key={job.id}
            className={dragged === job.id ? "dragged" : undefined}
            draggable={place >= 0}
            title={place >= 0 ? t.drag : undefined}
            onDragStart={(event: DragEvent) => {
              event.dataTransfer.effectAllowed = "move";
              setDragged(job.id);
            }}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event) => place >= 0 && dragged !== null && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null && dragged !== job.id) moveTo(dragged, place);
            }}
          >
            <Job job={job} />
            <span className="actions">
              {place >= 0 && (
                <>
                  <Button
                    tone="quiet"
                    aria-label={t.up(job.name)}
                    disabled={place === 0 || props.action.isBusy}
                    onClick={() => moveTo(job.id, place - 1)}
                  >
                    ↑
                  </Button>
                  <Button
                    tone="quiet"
                    aria-label={t.down(job.name)}
                    disabled={place === waiting.length - 1 || props.action.isBusy}
                    onClick={() => moveTo(job.id, place + 1)}
                  >
                    ↓
                  </Button>
                </>
              )}
              {job.state !== "running" && job.state !== "checking" && (
                <Button
                  tone="quiet"
                  aria-label={t.remove(job.name)}
                  disabled={props.action.isBusy}
                  onClick={() => props.send("DELETE", encodeURIComponent(job.id))}
                >
                  {t.removeWord}
                </Button>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Job({ job }: { job: QueuedJob }) {
  const t = useTexts(texts);
  const values = Object.entries(job.values).map(([key, value]) => `${key} ${valueText(value)}`);
  return (
    <div className="job">
      <span>
        {job.run === null ? job.name : <a href={runAddress(job.run)}>{job.name}</a>}{" "}
        <Badge tone={tones[job.state]}>{t[job.state]}</Badge>
      </span>
      <span className="small soft">{values.join(" · ")}</span>
      {job.error && <span className="small bad-text">{job.error}</span>}
    </div>
  );
}
