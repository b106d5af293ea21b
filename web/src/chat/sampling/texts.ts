import { bothLanguages } from "../../language";

export const texts = bothLanguages(
  {
    presets: "Presets",
    presetNames: { own: "Model's own", exact: "Exact", creative: "Creative" },
    presetHints: {
      own: "As the model's makers suggest.",
      exact: "Always the likeliest token: the same question gives the same answer.",
      creative: "More variety, without the least likely tokens.",
    },
    ownValues: "Your own values.",
    reset: "Reset all",
    slider: "slider",
    within: "A number within",
    wholeWithin: "A whole number within",
    names: {
      temperature: "Temperature",
      top_p: "Top p",
      top_k: "Top k",
      min_p: "Min p",
      max_tokens: "Longest answer, in tokens",
      repetition_penalty: "Repetition penalty",
      no_repeat_ngram_size: "No repeated word groups of",
      presence_penalty: "Presence penalty",
      frequency_penalty: "Frequency penalty",
      seed: "Seed",
    },
    hints: {
      temperature:
        "How freely tokens are chosen. 0 always takes the likeliest; around 0.7 is lively; above 1 soon becomes strange.",
      top_p:
        "Chooses among the likeliest tokens that together reach this probability. 0.9 leaves out the unlikely tenth; 1 leaves out nothing.",
      top_k: "Chooses among this many of the likeliest tokens only. 0 takes all.",
      min_p:
        "Leaves out tokens less likely than this share of the likeliest one. 0.05 is usual with a high temperature; 0 leaves out nothing.",
      max_tokens: "The answer is cut here; you can then go on with it.",
      repetition_penalty:
        "Makes every token that occurred already less likely, in the question too. 1 changes nothing; 1.1 helps a model that repeats itself; much more breaks its language.",
      no_repeat_ngram_size:
        "Groups of this many tokens never occur twice. 4 stops loops, but also forbids rightful repetition, as in code. 0 switches it off.",
      presence_penalty:
        "Lowers tokens that this answer has used, once, however often. Above 0 leads to new subjects; 0 changes nothing.",
      frequency_penalty:
        "Lowers tokens of this answer by how often it has used them. Above 0 repeats less; 0 changes nothing.",
      seed: "With the same seed, the same question and settings give the same answer again. Empty draws another each time.",
    },
    automatic: {
      temperature: "auto",
      top_p: "1",
      top_k: "auto",
      min_p: "0",
      max_tokens: "auto",
      repetition_penalty: "1",
      no_repeat_ngram_size: "0",
      presence_penalty: "0",
      frequency_penalty: "0",
      seed: "random",
    },
    thinking: "Thinking",
    thinkingHint:
      "Whether the model writes down its reasoning before the answer. It then takes longer.",
    thinkingOwn: "As the model's template says",
    thinkingOn: "On",
    thinkingOff: "Off",
    stop: "Stop texts, a line each",
    stopHint: "The answer ends before the first of these. Write \\n for a new line.",
    tooManyStops: "At most 16 stop texts; the others are not used.",
  },
  {
    presets: "预设",
    presetNames: { own: "模型默认", exact: "确定", creative: "发散" },
    presetHints: {
      own: "采用模型作者推荐的值。",
      exact: "每次都取概率最高的词元：同样的问题得到同样的回答。",
      creative: "更多变化，但不取最不可能的词元。",
    },
    ownValues: "自定义的值。",
    reset: "全部恢复默认",
    slider: "滑块",
    within: "请填写此范围内的数：",
    wholeWithin: "请填写此范围内的整数：",
    names: {
      temperature: "温度",
      top_p: "Top p",
      top_k: "Top k",
      min_p: "Min p",
      max_tokens: "回答的最大长度（词元）",
      repetition_penalty: "重复惩罚",
      no_repeat_ngram_size: "不重复的词组长度",
      presence_penalty: "存在惩罚",
      frequency_penalty: "频率惩罚",
      seed: "随机种子",
    },
    hints: {
      temperature:
        "选词的自由程度。0 表示总是取概率最高的；0.7 左右比较生动；超过 1 很快会变得离奇。",
      top_p: "只在累计概率达到此值的最可能词元中选择。0.9 会去掉最不可能的一成；1 表示不去掉。",
      top_k: "只在概率最高的这么多个词元中选择。0 表示不限。",
      min_p: "去掉概率低于最高者这一比例的词元。温度较高时常用 0.05；0 表示不去掉。",
      max_tokens: "回答到这里会被截断，之后可以点“继续”。",
      repetition_penalty:
        "降低已经出现过的词元的概率，包括问题里的。1 表示不变；模型爱重复时用 1.1；再大会破坏语句。",
      no_repeat_ngram_size:
        "这么长的词组不会出现两次。4 可以防止循环，但也会禁止合理的重复，例如代码。0 表示关闭。",
      presence_penalty:
        "本回答用过的词元会降低一次概率，与次数无关。大于 0 会引向新话题；0 表示不变。",
      frequency_penalty: "本回答用过的词元按使用次数降低概率。大于 0 会减少重复；0 表示不变。",
      seed: "种子、问题和设置都相同，回答就相同。留空则每次随机。",
    },
    automatic: {
      temperature: "自动",
      top_p: "1",
      top_k: "自动",
      min_p: "0",
      max_tokens: "自动",
      repetition_penalty: "1",
      no_repeat_ngram_size: "0",
      presence_penalty: "0",
      frequency_penalty: "0",
      seed: "随机",
    },
    thinking: "思考",
    thinkingHint: "回答之前是否先写出推理过程。打开后会更慢。",
    thinkingOwn: "按模型模板",
    thinkingOn: "打开",
    thinkingOff: "关闭",
    stop: "停止文本，每行一个",
    stopHint: "回答在其中任何一个出现之前结束。换行写作 \\n。",
    tooManyStops: "最多 16 个停止文本，其余的不会生效。",
  },
);
