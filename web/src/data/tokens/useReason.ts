/** Why a token is learnt, or only read. */
import type { TokenView } from "../../../../src/serve/schema";
import { bothLanguages, useTexts } from "../../language";

const texts = bothLanguages(
  {
    answer: "Part of an assistant's answer: the model is taught to write it.",
    end: "Ends an answer: the model is taught to stop here.",
    whole: "Training learns this text too.",
    first: "The first token has nothing before it to be told from.",
    system: "From the system message: it sets the scene and is not imitated.",
    user: "From the user: the model reads it and is not taught to write it.",
    tool: "A tool's result: the model reads it and is not taught to write it.",
    context: "An answer that this row marks as context: it is not learnt.",
    mark: "A mark of the chat template: it says who speaks, or where a turn begins.",
    template: "Written by the chat template around the messages.",
  },
  {
    answer: "属于助手的回答：模型学习写出它。",
    end: "回答的结束标记：模型学习在此停下。",
    whole: "训练也会学习这段文本。",
    first: "第一个词元之前没有内容，无从预测。",
    system: "来自系统消息：用来设定情境，不作为模仿对象。",
    user: "来自用户：模型只阅读，不学习写出。",
    tool: "工具返回的结果：模型只阅读，不学习写出。",
    context: "此行标明这个回答只作上下文，不参与学习。",
    mark: "对话模板的标记：说明由谁发言，或一轮从哪里开始。",
    template: "对话模板在消息之外写入的文字。",
  },
);

/** @returns the words for a token, by the role of its message (null: none) and its place */
export function useReason(): (token: TokenView, role: string | null, index: number) => string {
  const t = useTexts(texts);
  return ({ trained, special }, role, index) => {
    if (trained && special) return t.end;
    if (trained) return role === null || role === "assistant" ? t.answer : t.whole;
    if (special) return index === 0 && role !== null ? t.first : t.mark;
    if (role === "system") return t.system;
    if (role === "user") return t.user;
    if (role === "tool") return t.tool;
    if (role === "assistant") return index === 0 ? t.first : t.context;
    return t.template;
  };
}
