/** Texts of the API page in its two languages. */

export type DocsLanguage = "en" | "zh";

interface PageTexts {
  title: string;
  lead: string;
  keyNeeded: string;
  keyless: string;
  keyLabel: string;
  document: string;
  otherLanguage: string;
  contents: string;
  skip: string;
  fields: string;
  field: string;
  type: string;
  meaning: string;
  required: string;
  copy: string;
  copied: string;
  notCopied: string;
  examples: string;
  tryIt: string;
  send: string;
  stop: string;
  stopped: string;
  sending: string;
  body: string;
}

export const pageTexts: Readonly<Record<DocsLanguage, PageTexts>> = {
  en: {
    title: "API",
    lead: "Programs written for OpenAI's API work with this server: give its address as their base URL. What OpenAI's API has no name for goes by transformers' names.",
    keyNeeded: "This server needs its API key: send it as Authorization: Bearer KEY.",
    keyless: "This server asks for no API key; clients that insist on one can send anything.",
    keyLabel: "API key for requests from this page, kept until the tab is closed",
    document: "OpenAPI document",
    otherLanguage: "中文",
    contents: "Contents",
    skip: "Skip to the routes",
    fields: "Fields of the body",
    field: "Field",
    type: "Type",
    meaning: "Meaning",
    required: "required",
    copy: "Copy",
    copied: "Copied",
    notCopied: "Not copied",
    examples: "Examples",
    tryIt: "Try it",
    send: "Send",
    stop: "Stop",
    stopped: "Stopped",
    sending: "Waiting for the answer…",
    body: "Body (JSON)",
  },
  zh: {
    title: "接口",
    lead: "为 OpenAI 接口编写的程序可以直接使用本服务：把 base URL 设为本服务的地址即可。OpenAI 接口没有的参数，沿用 transformers 的名称。",
    keyNeeded: "本服务需要 API 密钥：请求头 Authorization: Bearer 密钥。",
    keyless: "本服务不要求 API 密钥；必须填写密钥的客户端可以填任意内容。",
    keyLabel: "本页发送请求所用的 API 密钥，关闭标签页后即清除",
    document: "OpenAPI 文档",
    otherLanguage: "English",
    contents: "目录",
    skip: "跳到接口列表",
    fields: "请求体字段",
    field: "字段",
    type: "类型",
    meaning: "含义",
    required: "必填",
    copy: "复制",
    copied: "已复制",
    notCopied: "未能复制",
    examples: "示例",
    tryIt: "试一试",
    send: "发送",
    stop: "停止",
    stopped: "已停止",
    sending: "正在等待响应…",
    body: "请求体（JSON）",
  },
};

/** How types of fields are told. */
export interface TypeTexts {
  names: Readonly<Record<string, string>>;
  or: string;
  list(of: string): string;
  between(least: string, most: string): string;
  atLeast(least: string): string;
  atMost(most: string): string;
}

export const typeTexts: Readonly<Record<DocsLanguage, TypeTexts>> = {
  en: {
    names: {},
    or: " or ",
    list: (of) => `list of ${of}`,
    between: (least, most) => `${least} to ${most}`,
    atLeast: (least) => `at least ${least}`,
    atMost: (most) => `at most ${most}`,
  },
  zh: {
    names: {
      string: "字符串",
      number: "数",
      integer: "整数",
      boolean: "布尔值",
      object: "对象",
      any: "任意值",
    },
    or: " 或 ",
    list: (of) => `${of}列表`,
    between: (least, most) => `${least} 至 ${most}`,
    atLeast: (least) => `不小于 ${least}`,
    atMost: (most) => `不大于 ${most}`,
  },
};

/** Descriptions of fields that say nothing of themselves. */
export const englishFields: Readonly<Record<string, string>> = {
  messages: "The conversation, the oldest message first.",
  prompt: "The text to go on with; also several, or token ids.",
  tool_choice: "Whether tools are called: none, auto, required, or one by name.",
  parallel_tool_calls: "Whether an answer may call several tools.",
  reasoning_effort: "For templates that know it.",
  chat_template_kwargs: "Variables of the chat template, such as enable_thinking.",
  name: "What requests call the model. Default: made from its title.",
  source: "Id of an entry of the catalogue.",
};

/** Chinese summaries of routes, by method and path, and names of groups. */
export const chineseRoutes: Readonly<Record<string, string>> = {
  OpenAI: "OpenAI 接口",
  Models: "模型",
  Server: "服务",
  Firefly: "Firefly 接口",
  Runs: "训练",
  Queue: "队列",
  Data: "数据",
  Results: "评测结果",
  Live: "实时事件",
  "get /health": "服务是否就绪",
  "get /metrics": "Prometheus 格式的指标",
  "get /v1/models": "正在提供服务的模型",
  "get /v1/models/{model}": "单个模型",
  "post /v1/chat/completions": "回答一段对话",
  "post /v1/completions": "续写文本",
  "post /v1/embeddings": "本服务不提供向量",
  "post /v1/responses": "本服务不提供 Responses 接口",
  "post /generate": "按 Firefly 的接口回答一个问题",
  "get /api/status": "服务状态与已载入的模型",
  "get /api/catalogue": "可以载入的模型",
  "post /api/models": "载入目录中的一项",
  "delete /api/models/{model}": "卸载模型",
  "get /api/runs": "全部训练",
  "post /api/runs": "通过检查后开始一次训练",
  "get /api/runs/{run}": "一次训练的完整信息",
  "get /api/runs/{run}/curves": "抽稀后的曲线",
  "get /api/runs/{run}/rows": "某一步用到的数据行",
  "get /api/runs/{run}/difference": "与另一次训练的配置差异",
  "get /api/runs/{run}/duplicate": "以请求形式给出它的配置",
  "get /api/runs/{run}/resume": "继续训练时可以更改的项",
  "post /api/runs/{run}/resume": "继续训练",
  "post /api/runs/{run}/stop": "保存并停止",
  "get /api/runs/{run}/live": "跟随一次训练",
  "get /api/live": "列表内容的变化",
  "get /api/form": "配置的全部键",
  "post /api/check": "训练前检查会导致失败的问题",
  "post /api/queue": "加入队列",
  "get /api/queue": "队列",
  "post /api/queue/sweep": "为每种取值组合各建一次训练",
  "put /api/queue/order": "调整等待顺序",
  "post /api/queue/pause": "暂停队列",
  "post /api/queue/continue": "继续队列",
  "delete /api/queue/{job}": "移出队列；正在训练的会保存后结束",
  "get /api/data": "全部数据文件",
  "get /api/data/{file}": "一个数据文件",
  "get /api/data/{file}/rows": "数据行，或含有某段文本的行",
  "get /api/data/{file}/tokens": "训练所读到的一行",
  "get /api/data/{file}/untrained": "下一个没有可训练词元的行",
  "get /api/data/{file}/packed": "打包后的行",
  "get /api/data/{file}/stats": "统计，计算完成后给出",
  "get /api/data/{file}/removed": "清洗与去重删除了什么",
  "get /api/results": "全部评测结果",
  "get /api/results/{result}": "一次评测的完整结果",
  "get /api/results/{result}/questions": "评测的题目",
  "get /api/results/{result}/report": "评测报告（HTML）",
};

/** Chinese descriptions of fields, by name. */
export const chineseFields: Readonly<Record<string, string>> = {
  model: "正在提供服务的模型名称。",
  messages: "对话消息，按先后顺序。",
  prompt: "要续写的文本，也可以是文本列表或词元编号。",
  inputs: "问题。",
  temperature: "采样温度；0 表示总取最可能的词元。默认：模型自带的值，否则为 0。",
  top_p: "只从累计概率达到 top_p 的词元中采样。",
  top_k: "只从最可能的 k 个词元中采样；0 或 -1 表示不限。",
  min_p: "去掉概率低于最大概率 min_p 倍的词元。",
  repetition_penalty: "大于 1 时，提示与回答中出现过的词元更不容易再出现。",
  no_repeat_ngram_size: "这么多个连续词元的片段不会出现两次；0 表示不限。",
  presence_penalty: "从回答中出现过的词元的 logit 中减去。",
  frequency_penalty: "按出现次数从词元的 logit 中减去。",
  logit_bias: "按词元编号加到 logit 上。",
  seed: "相同的种子与请求得到相同的回答。",
  stop: "遇到这些文本即停止，且不包含在回答中；最多 16 个。",
  stream: "以服务器发送事件逐段返回。",
  stream_options: "仅用于 stream。include_usage：最后一个事件给出用量。",
  user: "请求者：无论各自发送多少请求，用户之间轮流得到处理。",
  max_tokens: "回答的最大词元数。默认：模型自带的值，否则 2,048（续写为 16）。",
  max_completion_tokens: "同 max_tokens；两者都给出时以此为准。",
  max_new_tokens: "回答的最大词元数。",
  do_sample: "是否采样；false 表示总取最可能的词元。",
  n: "回答的个数。",
  logprobs: "给出每个词元的对数概率：模型自身的概率，不含温度与惩罚。",
  top_logprobs: "每个位置给出多少个最可能的词元。仅用于 logprobs。",
  tools: "模型可以调用的函数，要求其模板支持工具。",
  tool_choice: "是否调用工具：none、auto、required，或指定函数。",
  parallel_tool_calls: "一次回答中是否可以调用多个工具。",
  response_format: "json_object 与 json_schema：逐词元保证回答是有效的 JSON。",
  chat_template_kwargs: "传给对话模板的变量，例如 enable_thinking。",
  reasoning_effort: "推理强度，传给对话模板。",
  echo: "回答以提示开头。",
  suffix: "不支持。",
  source: "目录中一项的编号。",
  name: "请求中使用的名称。默认：由标题生成。",
};
