/** What assistants say when they refuse, and when they name themselves or their makers. */

/** Refusals in the first person, of a request as a whole. */
export const refusalPhrases: readonly RegExp[] = [
  /\bI(?:'m| am) (?:really |very |so )?(?:sorry|afraid),? (?:but )?(?:I|as an)\b[^.!?\n]{0,60}\b(?:can(?:no|')t|unable|not able|do(?:n't| not)|won't)\b/iu,
  /\b(?:I|we) (?:can(?:no|')t|can not|am unable to|am not able to|will not|won't|must decline to) (?:assist|help|fulfil|fulfill|comply|answer|provide|support|engage|generate|create|write|complete|discuss|participate|do that)\b/iu,
  /\b(?:sorry|apologi[sz]e),? (?:but )?(?:that|this|it) (?:is|goes)[^.!?\n]{0,40}\b(?:against|inappropriate|not appropriate|not possible)\b/iu,
  /\bAs an? (?:responsible |ethical )?(?:AI|artificial intelligence|language model)[^.!?\n]{0,60}\b(?:I )?(?:can(?:no|')t|can not|unable|not able|do not have|don't have|won't|must not)\b/iu,
  /\b(?:it is|it's|that is|that's) (?:not appropriate|inappropriate|unethical|illegal)[^.!?\n]{0,40}\b(?:for me|to (?:provide|assist|help))\b/iu,
  /(?:很|非常|十分|真的)?(?:抱歉|对不起|不好意思|遗憾)[，,。！!\s]{0,2}[^。！？\n]{0,30}(?:我|本人|作为|身为)?[^。！？\n]{0,20}(?:无法|不能|不可以|没有办法|没办法|不会|拒绝|不支持|不方便|没有能力)/u,
  /(?:作为|身为|我(?:只)?是)(?:一(?:个|名|款|种))?[^。！？\n]{0,20}(?:人工智能|AI|语言模型|智能助手|机器人|程序|虚拟助手)[^。！？\n]{0,30}(?:无法|不能|不可以|没有(?:办法|能力|权限)|不会|不具备|拒绝)/iu,
  /我(?:无法|不能|不可以|拒绝|没办法|没有办法)(?:为您|为你|给您|给你|对此|对您|就此|直接|按照|满足|协助|帮助|回答|提供|参与|讨论|支持|完成|执行|生成|编写|撰写)/u,
  /(?:这|此|您的|你的|该)(?:种|个|类|一)?(?:问题|请求|要求|行为|话题|内容)[^。！？\n]{0,20}(?:不合适|不恰当|不道德|违法|违规|违反|不适当|不当)/u,
];

/** Names of models and of those who make them; a fine-tuned model is none of them. */
export const modelNames: readonly string[] = [
  ...["ChatGPT", "GPT-3", "GPT-3.5", "GPT-4", "GPT-4o", "OpenAI", "Open AI"],
  ...["Claude", "Anthropic", "Gemini", "Bard", "LLaMA", "Llama 2", "Vicuna", "Alpaca", "Mistral"],
  ...["MOSS", "Fudan University", "复旦大学", "ERNIE Bot", "文心一言", "Baidu", "百度"],
  ...["Tongyi Qianwen", "通义千问", "Qwen", "Alibaba", "阿里巴巴", "阿里云", "ChatGLM", "智谱"],
  ...["Baichuan", "百川", "DeepSeek", "深度求索", "讯飞星火", "Kimi", "豆包", "InternLM", "书生"],
];
