import type { RunDetail } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Card, Figure, Figures, modelName, useFormats } from "../../ui";
import type { Curves } from "../metrics";
import type { LivePoint } from "../useCurves";

const texts = bothLanguages(
  {
    figures: "Figures of now",
    loss: "Loss",
    lossHint:
      "How surprised the model is by the answers it should give, a learnt token on average (natural logarithm). Lower is better.",
    evalLoss: "Evaluation loss",
    evalHint:
      "The same on conversations that it does not learn from. When it rises while the loss falls, the model learns by heart.",
    step: "Step",
    of: (total: string) => `of ${total}`,
    left: "Time left",
    took: "Time taken",
    speed: "Speed",
    perSecond: "tokens/s",
    memory: "Memory",
    ofProcess: (limit: string) => `Memory of the process, of ${limit} that it may use.`,
    ofDevice: "Memory on the graphics card.",
    progress: "Progress",
    full: "All weights are trained",
    adapter: (trained: string, all: string) => `${trained} of ${all} weights are trained`,
    attempts: (n: number) => `${n} attempts`,
    epoch: (n: string) => `epoch ${n}`,
  },
  {
    figures: "当前数据",
    loss: "损失",
    lossHint: "模型对应当给出的回答有多“意外”，按每个被学习的词元取平均（自然对数）。越低越好。",
    evalLoss: "验证损失",
    evalHint: "在不参与学习的对话上的损失。若训练损失下降而它上升，说明模型在死记硬背。",
    step: "步数",
    of: (total: string) => `/ ${total}`,
    left: "剩余时间",
    took: "用时",
    speed: "速度",
    perSecond: "词元/秒",
    memory: "内存",
    ofProcess: (limit: string) => `进程占用的内存，上限 ${limit}。`,
    ofDevice: "显卡上占用的显存。",
    progress: "进度",
    full: "训练全部权重",
    adapter: (trained: string, all: string) => `训练 ${all} 个权重中的 ${trained} 个`,
    attempts: (n: number) => `共 ${n} 次启动`,
    epoch: (n: string) => `第 ${n} 轮`,
  },
);

/** The figures that are looked at first. */
export function RunFigures(props: {
  run: RunDetail;
  points: readonly LivePoint[];
  curves: Curves;
}) {
  const t = useTexts(texts);
  const { bytes, count, decimal, duration } = useFormats();
  const { run } = props;
  const total = run.total_steps;
  const last = (metric: string) =>
    props.points.findLast(({ metrics }) => metrics[metric] !== undefined)?.metrics[metric] ??
    props.curves[metric]?.y.at(-1) ??
    null;
  const deviceBytes = last("train/device_bytes");
  const took = typeof run.summary?.train_runtime === "number" ? run.summary.train_runtime : null;
  return (
    <Card label={t.figures}>
      <div className="stack">
        <Figures>
          <Figure name={t.loss} value={decimal(run.loss)} hint={t.lossHint} />
          {run.eval_loss !== null && (
            <Figure name={t.evalLoss} value={decimal(run.eval_loss)} hint={t.evalHint} />
          )}
          <Figure
            name={t.step}
            value={count(run.step)}
            {...(total === null ? {} : { of: t.of(count(total)) })}
          />
          {run.state === "running" ? (
            <Figure name={t.left} value={duration(run.eta_seconds)} />
          ) : (
            took !== null && <Figure name={t.took} value={duration(took)} />
          )}
          <Figure name={t.speed} value={decimal(run.tokens_per_second, 3)} of={t.perSecond} />
          <Figure
            name={t.memory}
            value={bytes(deviceBytes ?? last("train/rss_bytes"))}
            hint={
              deviceBytes === null && run.memory_limit_bytes !== null
                ? t.ofProcess(bytes(run.memory_limit_bytes))
                : t.ofDevice
            }
          />
        </Figures>
        {total !== null && (
          <progress className="bar" aria-label={t.progress} max={total} value={run.step} />
        )}
        <Facts run={run} />
      </div>
    </Card>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const t = useTexts(texts);
  const { count, decimal } = useFormats();
  const { parameters, trainable_parameters: trained } = run;
  const facts = [
    run.model && modelName(run.model),
    run.train_mode === "full"
      ? t.full
      : parameters !== null && trained !== null && t.adapter(count(trained), count(parameters)),
    run.device,
    run.compute_dtype,
    run.epoch !== null && t.epoch(decimal(run.epoch, 3)),
    run.attempts > 1 && t.attempts(run.attempts),
  ];
  return <p className="small soft">{facts.filter(Boolean).join(" · ")}</p>;
}
