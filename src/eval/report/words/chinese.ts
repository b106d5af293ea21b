/** A report's own words in Chinese. */
import { showCount, showP, showValue } from "../numbers.js";
import type { Words } from "./english.js";

export const chinese: Words = {
  language: "zh-CN",
  listComma: "、",
  comma: "，",
  title: "评测报告",
  of: (model) => `${model} 评测报告`,
  against: (tuned, base) => `${tuned} 与 ${base} 对比`,
  skip: "跳到分数",
  contents: "目录",
  madeBy: (version) => `由 Tunewright ${version} 生成。本页不从外部加载任何内容。`,
  model: "模型",
  base: "微调前",
  tuned: "微调后",
  gold: "正确答案",
  chance: (share) => `随机猜测：${showValue(share)}`,
  headline: "分数",
  watch: "需要留意",
  benchmark: (name) => name,
  columns: {
    task: "任务",
    subject: "学科",
    category: "类别",
    metric: "指标",
    filter: "过滤器",
    version: "版本",
    shots: "示例数",
    protocol: "协议",
    questions: "题数",
    score: "分数",
    stderr: "± 标准误",
    interval: "95% 区间",
    base: "微调前",
    tuned: "微调后",
    difference: "差值",
    p: "p",
    adjusted: "p（Holm）",
    verdict: "结论",
    micro: "微平均",
    macro: "宏平均",
    average: "平均方式",
    detectable: "可分辨",
    flips: "变错 / 变对",
    seed: "种子",
    mean: "均值",
    between: "抽取间标准差",
    combined: "± 合并",
    published: "公布值",
    ours: "本次",
    standardErrors: "相差几个标准误",
    setting: "设置",
    value: "值",
    choice: "选项",
    probability: "概率",
    logprob: "对数似然",
    notes: "说明",
    answer: "回答",
    bin: "模型给所选答案的概率",
    accuracy: "正确率",
    clustered: "± 若学科也是抽样",
  },
  average: { micro: "每题等权", macro: "每个任务等权", weighted: "加权" },
  tests: {
    exact: "McNemar 精确检验",
    "mid-p": "McNemar mid-p 检验",
    t: "配对 t 检验",
    z: "z 检验",
  },
  verdicts: {
    same: "每道题得分都相同",
    noise: "在噪声范围内",
    borderline: "处于边缘",
    "one of many": "比较的任务多，可能是偶然",
    real: "不是噪声",
  },
  change: (difference, unit, isBetter) => {
    const size = showValue(Math.abs(difference), unit);
    return `${isBetter ? "提高" : "下降"} ${size}${unit === "points" ? " 分" : ""}`;
  },
  noChange: "没有差别",
  range: (low, high, unit) => `${showValue(low, unit)} 至 ${showValue(high, unit)}`,
  interval: (range) => `95% 区间 ${range}`,
  verdictLine: (name, change, verdict, detail) => `${name}：${change}，${verdict}（${detail}）`,
  pOf: (p, test) => `p ${p < 0.001 ? "" : "= "}${showP(p)}，${test}`,
  needed: (count) => `要确认这么大的差别，大约需要 ${showCount(count)} 道题`,
  detectable: (size, unit, questions) =>
    `${showCount(questions)} 道题有八成把握分辨 ${showValue(size, unit)} 分及以上的差别`,
  manyTests: (count, metric) =>
    `共有 ${count} 个任务按 ${metric} 比较：仅凭偶然，也会有大约 ${showCount(Math.max(1, Math.round(count * 0.05)))} 个看上去不同。因此同时给出 Holm 校正后的 p 值，校正后低于 0.05 才算真有差别。`,
  pairedNote:
    "两个模型回答的是同一批题，差值按题配对。对错型得分采用 Bonett–Price 区间和 McNemar 检验，其他得分采用 t 区间和配对 t 检验。分组的区间把每个任务的题目各看作一份样本。",
  clusteredNote: (name, stderr, clustered) =>
    `${name}：只看这些任务，差值的标准误为 ${showValue(stderr)} 分；若把任务本身也看作从众多同类任务中抽出，则为 ${showValue(clustered)} 分。`,
  onlyIn: (side, tasks) =>
    `只有${side === "base" ? "微调前的模型" : "微调后的模型"}做了 ${tasks.join("、")}，未作比较。`,
  noneToCompare: "没有评测任何任务。",
  charts: {
    scores: (name) => `${name}：各学科分数`,
    scoresDescription: "柱长为分数，细线为 95% 区间，虚线为随机猜测的水平。",
    differences: (name) => `${name}：微调后减微调前`,
    differencesDescription: "圆点为差值，横线为 95% 区间；实心圆点表示不是噪声。",
    letters: (name) => `${name}：各选项被选中的比例`,
    lettersDescription: "模型选择各字母的比例，与正确答案的分布并列。",
    reliability: (name) => `${name}：把握大的答案更准吗？`,
    reliabilityDescription:
      "按模型给所选答案的概率分段统计正确率，圆点越大题数越多；落在虚线上表示概率与正确率一致。",
    scoreAxis: "分数",
    differenceAxis: "差值（分）",
    probabilityAxis: "模型给所选答案的概率",
    accuracyAxis: "正确率（%）",
  },
  answers: "作答情况",
  lettersTable: (name) => `${name}：各字母所占比例（%）`,
  reliabilityTable: (name) => `${name}：按概率分段`,
  calibration: (name, who, error) =>
    `${name}，${who}：概率与正确率平均相差 ${showValue(error)} 分（期望校准误差）。`,
  alwaysLetter: (who, letter, tasks, share, gold) =>
    `${who}：${showValue(share)}% 的回答是 ${letter}，而 ${letter} 只在 ${showValue(gold)}% 的题中正确（${tasks}）。这样的分数反映的是对字母的偏好而不是知识：请检查提示词格式、对话模板，以及“A”与“ A”之别。`,
  atChance: (who, tasks) => `${who}：不高于随机猜测，或无法确认高于随机猜测：${tasks}。`,
  scoreOf: (name, score, chance) => `${name} ${showValue(score)}（猜测 ${showValue(chance)}）`,
  more: (count) => `另有 ${showCount(count)} 个`,
  limited: (task, asked, all) =>
    `${task}：只做了 ${showCount(all)} 题中的前 ${showCount(asked)} 题，并非随机样本。`,
  noteOf: (tasks, note) => `${tasks}：${note}`,
  andMore: (first, more) => (more === 0 ? first : `${first} 等 ${more + 1} 个任务`),
  seeds: "多次抽取示例",
  seedsNote:
    "标准误来自题目的选取，抽取间的标准差来自提示词中的示例。多抽几次只能减小后者，不能减小前者。",
  published: "与公布分数比较",
  publishedLine: (name, difference, errors, isMore) => {
    const size = `比公布值${difference < 0 ? "低" : "高"} ${showValue(Math.abs(difference))} 分`;
    if (errors === null || isMore === null) return `${name}：${size}；没有标准误，无法判断。`;
    const count = Math.abs(errors).toFixed(1);
    return isMore
      ? `${name}：${size}，即 ${count} 个标准误，超出噪声范围。常见的差异来源见下文。`
      : `${name}：${size}，即 ${count} 个标准误，在噪声范围内。`;
  },
  publishedNote:
    "公布的分数多半就是在同一批题上测得的；若是如此，即使差别在噪声范围内，也来自提问方式的不同。",
  flips: "对错发生变化的题",
  flipsCount: (lost, gained) =>
    `${showCount(lost)} 题只有微调前答对，${showCount(gained)} 题只有微调后答对。`,
  lost: (count) => `变错：${showCount(count)} 题`,
  gained: (count) => `变对：${showCount(count)} 题`,
  shownOf: (shown, all) =>
    shown < all
      ? `此处列出 ${showCount(all)} 题中的 ${showCount(shown)} 题，全部见 samples_*.jsonl。`
      : `${showCount(all)} 题全部列出。`,
  flipTitle: (task, id) => `${task}，第 ${id} 题`,
  question: "题目",
  wholePrompt: "完整提示词",
  rightAnswer: (text) => `正确答案：${text}`,
  saidBy: (who) => `${who}的回答`,
  answerTable: "两个模型对各选项的看法",
  filteredTo: (text) => `取作：${text}`,
  right: "正确",
  chosen: "所选",
  reading: "如何看待这些数字",
  settings: "设置",
  settingsOf: (who) => `设置：${who}`,
  tasksTable: "任务",
  notesTable: "说明",
  allMetrics: "全部指标",
  metricsTable: (name) => `${name}：全部指标`,
  scoresTable: (name) => `${name}：分数`,
  date: "日期",
  seconds: "用时（秒）",
  readingIntro:
    "同一个模型在两个工具里得分不同，多半出于以下原因。在归因于模型之前，请逐条核对；方括号内是本次的情况。",
  here: (text) => `［本次：${text}］`,
  unknown: "未记录",
  none: "无",
  reasons: {
    protocol:
      "协议：提示词的用语、示例之间的连接方式、比较的对象，在 lm-evaluation-harness、OpenCompass 和各基准自己的代码里各不相同。",
    shots: "示例：数量、选哪几条、按什么顺序。",
    average: "平均方式：微平均让每道题等权，宏平均让每个学科等权。学科大小不一，两个数就不同。",
    letter:
      "字母：带空格的“ A”与不带空格的“A”是不同的词元，模型对两者的概率也不同。提示词若以空格结尾，两种都会受损。",
    template: "对话模板：用纯文本问对话模型，或用基座模型没见过的模板去问它，都会丢分。",
    cut: "长度：放不下的提示词会被截去开头或去掉几条示例，各家规则不同。",
    dtype:
      "精度：float32、bfloat16、8 位、4 位会让难分高下的题得出不同答案；低精度下，批的大小也有影响。",
    split: "数据划分：验证集与测试集是不同的题；C-Eval 测试集不附答案。",
    kind: "作答方式：取概率最大的选项，或从生成的文字里找字母。不按格式作答的模型在后者中吃亏。",
    limit: "子集：前若干题的分数不等于全部题的分数。",
    noise: "偶然：n 道题的分数带有标准误；1,000 题约 1.5 分，100 题约 5 分。",
  },
};
