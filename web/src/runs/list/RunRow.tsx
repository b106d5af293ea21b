import type { RunSummary } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { modelName, Sparkline, useFormats } from "../../ui";
import { runAddress } from "../addresses";
import { RunStateBadge } from "../RunStateBadge";

const rowTexts = bothLanguages(
  {
    choose: (name: string) => `Compare ${name}`,
    loss: "Loss",
    evalLoss: "held out",
    speed: "Speed",
    perSecond: "tokens/s",
    steps: (step: string, total: string) => `Step ${step} of ${total}`,
    step: (step: string) => `Step ${step}`,
    left: (time: string) => `${time} left`,
    attempts: (n: number) => `${n} attempts`,
    updated: "Updated",
    full: "all weights",
  },
  {
    choose: (name: string) => `对比 ${name}`,
    loss: "损失",
    evalLoss: "验证集",
    speed: "速度",
    perSecond: "词元/秒",
    steps: (step: string, total: string) => `第 ${step} / ${total} 步`,
    step: (step: string) => `第 ${step} 步`,
    left: (time: string) => `剩余 ${time}`,
    attempts: (n: number) => `共 ${n} 次启动`,
    updated: "更新于",
    full: "全参数",
  },
);

/** A run in the list. */
export function RunRow(props: {
  run: RunSummary;
  isChosen: boolean;
  onChoose: (isChosen: boolean) => void;
}) {
  const t = useTexts(rowTexts);
  const { ago, decimal } = useFormats();
  const { run } = props;
  return (
    <li className="run-row">
      <input
        type="checkbox"
        aria-label={t.choose(run.name)}
        checked={props.isChosen}
        onChange={(event) => props.onChoose(event.target.checked)}
      />
      <div className="run-name">
        <span>
          <a href={runAddress(run.id)}>{run.name}</a> <RunStateBadge state={run.state} />
        </span>
        <span className="small soft">{described(run, t)}</span>
      </div>
      <div className="run-curve">
        <Sparkline values={run.recent_losses} />
      </div>
      <div className="run-figure figures">
        <span className="small soft">{t.loss}</span>
        <span>{decimal(run.loss)}</span>
        {run.eval_loss !== null && (
          <span className="small soft">
            {decimal(run.eval_loss)} {t.evalLoss}
          </span>
        )}
      </div>
      <RunProgress run={run} />
      <div className="run-figure figures">
        <span className="small soft">{t.updated}</span>
        <span className="small">{ago(run.updated)}</span>
      </div>
    </li>
  );
}

function described(run: RunSummary, t: { full: string; attempts: (n: number) => string }): string {
  const mode = run.train_mode === "full" ? t.full : run.train_mode === "qlora" ? "QLoRA" : "LoRA";
  return [
    run.model && modelName(run.model),
    run.train_mode && mode,
    run.attempts > 1 && t.attempts(run.attempts),
  ]
    .filter(Boolean)
    .join(" · ");
}

function RunProgress({ run }: { run: RunSummary }) {
  const t = useTexts(rowTexts);
  const { count, duration, decimal } = useFormats();
  const total = run.total_steps;
  const label = total === null ? t.step(count(run.step)) : t.steps(count(run.step), count(total));
  return (
    <div className="run-progress figures small">
      <span>{label}</span>
      {total !== null && <progress aria-label={run.name} max={total} value={run.step} />}
      <span className="soft">
        {[
          run.tokens_per_second !== null && `${decimal(run.tokens_per_second, 3)} ${t.perSecond}`,
          run.eta_seconds !== null && t.left(duration(run.eta_seconds)),
        ]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </div>
  );
}
