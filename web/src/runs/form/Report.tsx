import type { CheckReport } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Card, useFormats } from "../../ui";

const texts = bothLanguages(
  {
    passed: "The check passed",
    failed: "The check found problems",
    title: "Check",
    memory: "Memory",
    memoryFits: (predicted: string, available: string) => `${predicted} of ${available} available`,
    memoryOver: (predicted: string, available: string) =>
      `${predicted} are needed, ${available} are available`,
    weights: "weights",
    quantized: "4-bit weights",
    trained: "trained weights",
    gradients: "gradients",
    optimizer: "optimizer",
    prepared: "prepared weights",
    kept: "kept activations",
    working: "working space",
    runtime: "runtime",
    fragmentation: "reserve",
    disk: "Disk",
    steps: "Steps",
    time: "About",
    conversations: "Conversations",
    tokens: "Tokens",
    trains: "Trained weights",
    warnings: "Warnings",
  },
  {
    passed: "检查通过",
    failed: "检查发现问题",
    title: "检查",
    memory: "内存",
    memoryFits: (predicted: string, available: string) => `${predicted}，可用 ${available}`,
    memoryOver: (predicted: string, available: string) => `需要 ${predicted}，可用 ${available}`,
    weights: "权重",
    quantized: "4 位权重",
    trained: "训练的权重",
    gradients: "梯度",
    optimizer: "优化器",
    prepared: "预处理权重",
    kept: "保留的激活",
    working: "工作空间",
    runtime: "运行时",
    fragmentation: "预留",
    disk: "磁盘",
    steps: "步数",
    time: "预计用时",
    conversations: "对话数",
    tokens: "词元数",
    trains: "训练的权重数",
    warnings: "警告",
  },
);

/** What a check found. */
export function Report({ report }: { report: CheckReport }) {
  const t = useTexts(texts);
  const { bytes, count, duration } = useFormats();
  const { disk } = report;
  const facts = [
    [t.steps, count(report.steps), report.steps],
    [t.time, duration(report.estimated_seconds), report.estimated_seconds],
    [t.conversations, count(report.conversations), report.conversations],
    [t.tokens, count(report.tokens), report.tokens],
    [t.trains, count(report.trainable_parameters), report.trainable_parameters],
    [t.disk, disk && t.memoryFits(bytes(disk.needed_bytes), bytes(disk.available_bytes)), disk],
  ] as const;
  return (
    <Card label={t.title}>
      <div className="stack">
        <h2>
          <Badge tone={report.ok ? "good" : "bad"}>{report.ok ? t.passed : t.failed}</Badge>
        </h2>
        {report.problems.map(({ what, why, todo }) => (
          <div key={what} className="problem">
            <p>
              <b>{what}</b>
            </p>
            {why && <p>{why}</p>}
            {todo && <p>→ {todo}</p>}
          </div>
        ))}
        {report.memory && <MemoryBar memory={report.memory} />}
        <dl className="report-facts figures">
          {facts
            .filter(([, , value]) => value !== null)
            .map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
        </dl>
        {report.warnings.length > 0 && (
          <div>
            <h3>{t.warnings}</h3>
            <ul className="warnings small">
              {report.warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Card>
  );
}

const colours = 6;

/** Parts of the predicted memory in a bar that stands for what is available. */
function MemoryBar({ memory }: { memory: NonNullable<CheckReport["memory"]> }) {
  const t = useTexts(texts);
  const { bytes } = useFormats();
  const names: Record<string, unknown> = t;
  const nameOf = (part: string) => (typeof names[part] === "string" ? names[part] : part);
  const predicted = memory.predicted_bytes ?? 0;
  const available = memory.available_bytes ?? predicted;
  const whole = Math.max(predicted, available, 1);
  const isOver = predicted > available;
  const told = (isOver ? t.memoryOver : t.memoryFits)(bytes(predicted), bytes(available));
  return (
    <div className="memory">
      <p>
        {t.memory}: <span className={isOver ? "bad-text" : ""}>{told}</span>
      </p>
      <div className="memory-bar" aria-hidden="true">
        {memory.parts.map(({ name, bytes: size }, index) => (
          <span
            key={name}
            style={{
              width: `${(100 * size) / whole}%`,
              background: `var(--series-${(index % colours) + 1})`,
            }}
          />
        ))}
        {isOver && <i style={{ left: `${(100 * available) / whole}%` }} />}
      </div>
      <ul className="memory-parts small figures">
        {memory.parts.map(({ name, bytes: size }, index) => (
          <li key={name}>
            <span
              className="swatch"
              style={{ background: `var(--series-${(index % colours) + 1})` }}
            />
            {nameOf(name)} <span className="soft">{bytes(size)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
