/** The findings of a report: the few things to know before training. */
import type { Source } from "../../text/index.js";
import { countRows } from "../../util/countRows.js";
import { percent, whole } from "../../util/figures.js";
import { languageName, type Words } from "./languageNames.js";
import type { StatsReport } from "./report.js";

/** `problem`: it harms training; `note`: good to know. */
export interface Notice extends Words {
  kind: "problem" | "note";
}

export function noticesOf(report: StatsReport): Notice[] {
  return [
    ...sampleNotice(report),
    ...refusedNotice(report),
    ...leftOutNotices(report),
    ...truncationNotices(report),
    ...tokenizerNotices(report),
    ...duplicateNotices(report),
    ...textNotices(report),
  ];
}

function sampleNotice({ sample, rows }: StatsReport): Notice[] {
  if (sample.exact) return [];
  const [seen, all] = [whole(sample.rows), whole(rows)];
  return [
    {
      kind: "note",
      en: `Measured on a sample of ${seen} of ${all} rows, so duplicates outside the sample are missed. --sample all measures every row.`,
      zh: `以下为抽样结果：在 ${all} 行中统计了 ${seen} 行，样本之外的重复未计入；使用 --sample all 可统计全部。`,
    },
  ];
}

function refusedNotice({ total }: StatsReport): Notice[] {
  if (total.rows_refused === 0) return [];
  const { rows_refused: count, rows_measured: measured } = total;
  const share = count / measured;
  return [
    {
      kind: "problem",
      en: `${countRows(count)} (${percent(share)}) cannot be trained on.`,
      zh: `${whole(count)} 行（${percent(share)}）无法用于训练。`,
    },
  ];
}

function leftOutNotices({ total }: StatsReport): Notice[] {
  const { reasoning, keys, joined } = total.left_out;
  const place = ({ file, line }: Source) => `${file}:${line}`;
  const notices: Notice[] = Object.entries(keys).map(([key, { rows, first }]) => ({
    kind: "note",
    en: `${key} of ${countRows(rows)} has no effect: neither training nor the chat template reads it (first at ${place(first)}).`,
    zh: `${whole(rows)} 行中的 ${key} 不起作用：训练和对话模板都不读取它（首见于 ${place(first)}）。`,
  }));
  if (joined) {
    const { messages, rows, first } = joined;
    notices.unshift({
      kind: "note",
      en: `${whole(messages)} ${messages === 1 ? "message" : "messages"} in ${countRows(rows)} joined to the one before, of the same role (first at ${place(first)}).`,
      zh: `${whole(rows)} 行中有 ${whole(messages)} 条消息与前一条同角色的消息合并（首见于 ${place(first)}）。`,
    });
  }
  if (!reasoning) return notices;
  const { turns, rows, first } = reasoning;
  return [
    {
      kind: "problem",
      en: `The chat template leaves out the reasoning of ${whole(turns)} ${turns === 1 ? "turn" : "turns"} in ${countRows(rows)} (first at ${place(first)}); reasoning says what is learnt of it.`,
      zh: `对话模板会略去 ${whole(rows)} 行中 ${whole(turns)} 个回合的思考内容（首见于 ${place(first)}）；用 reasoning 指定如何学习。`,
    },
    ...notices,
  ];
}

/** For the given max_seq_length, or 1,024. */
function truncationNotices(report: StatsReport): Notice[] {
  const { total, padding } = report;
  const good = total.rows_measured - total.rows_refused;
  const cut = total.truncation?.find(
    ({ max_seq_length }) => max_seq_length === padding?.max_seq_length,
  );
  if (!cut || cut.rows_cut === 0 || !total.labelled_tokens) return [];
  const lost = cut.labelled_tokens_lost / total.labelled_tokens;
  const length = whole(cut.max_seq_length);
  const [rows, tokens] = [percent(cut.rows_cut / good), percent(lost)];
  const notices: Notice[] = [
    {
      kind: lost > 0.05 ? "problem" : "note",
      en: `With max_seq_length ${length}, ${rows} of the conversations are truncated and ${tokens} of the tokens to train on are lost. over_length: split keeps them.`,
      zh: `max_seq_length 为 ${length} 时，${rows} 的对话会被截断，丢失 ${tokens} 的训练词元；设置 over_length: split 可以保留。`,
    },
  ];
  if (cut.rows_without_label > 0) {
    const count = whole(cut.rows_without_label);
    notices.push({
      kind: "problem",
      en: `With max_seq_length ${length}, ${count} ${cut.rows_without_label === 1 ? "conversation has" : "conversations have"} nothing left to train on.`,
      zh: `max_seq_length 为 ${length} 时，${count} 个对话没有任何可训练的内容。`,
    });
  }
  return notices;
}

function tokenizerNotices({ total }: StatsReport): Notice[] {
  return total.languages.flatMap(({ language, rows, piece_share, unknown_share, ...rest }) => {
    if (rows < 0.02 * total.rows_measured) return [];
    const name = languageName(language);
    const notices: Notice[] = [];
    if (piece_share !== null && piece_share > 0.1) {
      const per = rest.characters_per_token!.toFixed(2);
      const share = percent(piece_share);
      notices.push({
        kind: "problem",
        en: `The tokenizer is not suited to ${name.en}: ${share} of its tokens are partial characters, with ${per} characters per token. Training and generation cost several times as much as with a suitable model.`,
        zh: `该分词器不适合${name.zh}：${share} 的词元只是一个字符的一部分，平均每个词元 ${per} 个字符，训练和生成的开销是合适模型的数倍。`,
      });
    }
    if (unknown_share !== null && unknown_share > 0.001) {
      const share = percent(unknown_share);
      notices.push({
        kind: "problem",
        en: `${share} of the ${name.en} tokens are the unknown token, so the model cannot read that text.`,
        zh: `${name.zh}中 ${share} 的词元是未知词元：模型无法识别这些文字。`,
      });
    }
    return notices;
  });
}

function duplicateNotices({ duplicates }: StatsReport): Notice[] {
  const { exact_share, near_share, first_prompt_share } = duplicates;
  const notices: Notice[] = [];
  if (near_share >= 0.005 || exact_share >= 0.005) {
    const [near, exact] = [percent(near_share), percent(exact_share)];
    notices.push({
      kind: Math.max(near_share, exact_share) > 0.05 ? "problem" : "note",
      en: `About ${near} of the rows are near-duplicates and ${exact} are exact duplicates of another row. data dedup removes them.`,
      zh: `约 ${near} 的行与其他行高度相似，${exact} 完全相同；可用 data dedup 去重。`,
    });
  }
  if (first_prompt_share > 0.1) {
    const share = percent(first_prompt_share);
    notices.push({
      kind: "note",
      en: `${share} of the conversations start with the same question as an earlier one.`,
      zh: `${share} 的对话，其首个提问与之前的某个对话相同。`,
    });
  }
  return notices;
}

function textNotices({ total }: StatsReport): Notice[] {
  const notices: Notice[] = [];
  const [placeholder] = total.placeholders;
  if (placeholder) {
    const { text, places } = placeholder;
    const at = places.map(({ file, line }) => `${file}:${line}`)[0];
    notices.push({
      kind: "problem",
      en: `Texts contain placeholders that were not replaced, for example ${text} (${at}).`,
      zh: `文本中有未替换的占位符，例如 ${text}（${at}）。`,
    });
  }
  const [special] = total.special_tokens;
  if (special) {
    const { rows } = special;
    notices.push({
      kind: "problem",
      en: `${special.text} occurs in the texts of ${countRows(rows)}, a special token of the tokenizer: see special_tokens_in_text.`,
      zh: `${whole(rows)} 行的文本里出现了 ${special.text}，它是分词器的特殊词元：见 special_tokens_in_text。`,
    });
  }
  return notices;
}
