/** One run: what it is doing, its curves, answers, checkpoints, configuration and notices. */

import type { RunDetail } from "../../../../src/serve/schema";
import { addressOf, replaceAddress, useRoute } from "../../app/route";
import { useTitle } from "../../app/title";
import { bothLanguages, useTexts } from "../../language";
import { Loaded, Tabs } from "../../ui";
import { runAddress } from "../addresses";
import { RunStateBadge } from "../RunStateBadge";
import { AnswersTab } from "./answers";
import { CheckpointsTab } from "./CheckpointsTab";
import { ConfigTab } from "./ConfigTab";
import { CurvesTab } from "./curves";
import { NoticesTab } from "./NoticesTab";
import { RunActions } from "./RunActions";
import { RunFigures } from "./RunFigures";
import { type LiveRun, useRun } from "./useRun";
import "./run.css";

const texts = bothLanguages(
  {
    runs: "Runs",
    parts: "Parts of the run",
    curves: "Curves",
    answers: "Answers",
    checkpoints: "Checkpoints",
    config: "Configuration",
    notices: "Notices",
  },
  {
    runs: "训练",
    parts: "训练内容",
    curves: "曲线",
    answers: "回答",
    checkpoints: "检查点",
    config: "配置",
    notices: "通知",
  },
);

const tabs = ["curves", "answers", "checkpoints", "config", "notices"] as const;
type Tab = (typeof tabs)[number];

export default function RunScreen({ id }: { id: string }) {
  const run = useRun(id);
  useTitle(run.data?.name ?? null);
  return <Loaded resource={run}>{(detail) => <RunView run={run} detail={detail} />}</Loaded>;
}

function RunView({ run, detail }: { run: LiveRun; detail: RunDetail }) {
  const t = useTexts(texts);
  const { query } = useRoute();
  const tab = tabs.find((name) => name === query.get("tab")) ?? "curves";
  const choose = (name: Tab) => replaceAddress(runAddress(detail.id, { tab: name }));
  const counts: Partial<Record<Tab, number>> = {
    checkpoints: detail.checkpoints.length,
    notices: detail.notices.length,
  };
  return (
    <>
      <header className="stack">
        <a className="small" href={addressOf(["runs"])}>
          ← {t.runs}
        </a>
        <div className="screen-head">
          <div className="run-title">
            <h1>{detail.name}</h1>
            <RunStateBadge state={detail.state} />
          </div>
          <RunActions run={detail} onChange={run.reload} />
        </div>
      </header>
      <RunFigures run={detail} points={run.points} curves={run.steps.data?.curves ?? {}} />
      <Tabs
        label={t.parts}
        tabs={tabs.map((id) => ({
          id,
          title: counts[id] ? (
            <>
              {t[id]} <span className="soft">{counts[id]}</span>
            </>
          ) : (
            t[id]
          ),
        }))}
        chosen={tab}
        onChoose={choose}
      >
        {tab === "curves" && <CurvesTab run={run} detail={detail} />}
        {tab === "answers" && <AnswersTab run={detail} />}
        {tab === "checkpoints" && <CheckpointsTab run={detail} />}
        {tab === "config" && <ConfigTab run={detail} />}
        {tab === "notices" && <NoticesTab run={detail} />}
      </Tabs>
    </>
  );
}
