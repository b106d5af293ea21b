import type { Checkpoint, RunDetail } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";
import { Badge, Empty, Hint, TableFrame, useFormats } from "../../ui";
import { TalkButton } from "./TalkButton";

const texts = bothLanguages(
  {
    none: "No checkpoint yet",
    noneWhy:
      "Each save_steps steps, and whenever it is stopped, the run saves all that it needs to go on exactly.",
    step: "Step",
    size: "Size",
    state: "On the disk",
    kept: "kept",
    gone: "removed",
    goneHint: "save_total_limit keeps only the newest and the best.",
    best: "best",
    bestHint: "Its loss on held-out conversations is the lowest so far.",
    talk: "Talk to it",
    list: "Checkpoints",
  },
  {
    none: "还没有检查点",
    noneWhy: "每隔 save_steps 步以及停止时，训练会保存继续所需的全部状态。",
    step: "步数",
    size: "大小",
    state: "磁盘上",
    kept: "已保留",
    gone: "已删除",
    goneHint: "save_total_limit 只保留最新和最好的检查点。",
    best: "最佳",
    bestHint: "在验证集上的损失是目前最低的。",
    talk: "与它对话",
    list: "检查点",
  },
);

export function CheckpointsTab({ run }: { run: RunDetail }) {
  const t = useTexts(texts);
  if (run.checkpoints.length === 0) {
    return (
      <Empty title={t.none}>
        <p>{t.noneWhy}</p>
      </Empty>
    );
  }
  return (
    <TableFrame label={t.list}>
      <thead>
        <tr>
          <th scope="col">{t.step}</th>
          <th scope="col" className="number">
            {t.size}
          </th>
          <th scope="col">
            {t.state} <Hint about={t.state}>{t.goneHint}</Hint>
          </th>
          <th scope="col">
            <span className="visually-hidden">{t.talk}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {run.checkpoints.toReversed().map((checkpoint) => (
          <CheckpointRow key={checkpoint.step} checkpoint={checkpoint} />
        ))}
      </tbody>
    </TableFrame>
  );
}

function CheckpointRow({ checkpoint }: { checkpoint: Checkpoint }) {
  const t = useTexts(texts);
  const { bytes, count } = useFormats();
  return (
    <tr>
      <th scope="row" className="figures">
        {count(checkpoint.step)}{" "}
        {checkpoint.best && (
          <span title={t.bestHint}>
            <Badge tone="good">{t.best}</Badge>
          </span>
        )}
      </th>
      <td className="number">{bytes(checkpoint.bytes)}</td>
      <td>{checkpoint.kept ? t.kept : <span className="soft">{t.gone}</span>}</td>
      <td className="number">
        {checkpoint.catalogue !== null && <TalkButton entry={checkpoint.catalogue} />}
      </td>
    </tr>
  );
}
