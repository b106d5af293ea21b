import type { RunState } from "../../../src/serve/schema";
import { bothLanguages, useTexts } from "../language";
import { Badge } from "../ui";

export const stateTexts = bothLanguages<Record<RunState, string>>(
  {
    queued: "Waiting",
    running: "Training",
    done: "Done",
    stopped: "Stopped",
    failed: "Failed",
    killed: "Cut off",
  },
  {
    queued: "排队中",
    running: "训练中",
    done: "已完成",
    stopped: "已停止",
    failed: "失败",
    killed: "意外中断",
  },
);

const tones = {
  queued: "",
  running: "accent",
  done: "good",
  stopped: "warn",
  failed: "bad",
  killed: "bad",
} as const;

export function RunStateBadge({ state }: { state: RunState }) {
  return <Badge tone={tones[state]}>{useTexts(stateTexts)[state]}</Badge>;
}
