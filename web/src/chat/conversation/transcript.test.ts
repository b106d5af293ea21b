import { describe, expect, it } from "vitest";
import { newAnswer } from "../answers";
import { newConversation, withAnswer, withMessage } from "./conversation";
import { jsonLines, markdownOf, readTranscripts, rowOf, settled } from "./transcript";

const names = { system: "System", user: "You", assistant: "Model", tool: "Tool" };

function conversation() {
  const [asked, question] = withMessage(
    newConversation("c", 0, "be brief"),
    { parent: null, role: "user", content: "hi" },
    1,
  );
  const [open, id] = withMessage(asked, { parent: question, role: "assistant", content: "" }, 2);
  return withAnswer(open, id, { ...newAnswer("m", 0), content: "hello", reasoning: "greet" });
}

describe("transcripts", () => {
  it("come back as they were written", () => {
    const row = rowOf(conversation())!;
    expect(row.messages).toEqual([
      { role: "system", content: "be brief" },
      { role: "user", content: "hi" },
      { role: "assistant", content: "hello", reasoning_content: "greet" },
    ]);
    const { conversations, problems } = readTranscripts(jsonLines([row, row]), () => "d", 5);
    expect(problems).toEqual([]);
    expect(conversations.map(rowOf)).toEqual([row, row]);
  });

  it("name each line that cannot be read", () => {
    const lines = [
      "{",
      "[]",
      '{"messages":[{"role":"king","content":""}]}',
      '{"messages":[{"role":"assistant","content":"a"}]}',
      '{"messages":[{"role":"user","content":[]}]}',
      "",
      '{"messages":[{"role":"user","content":"q"}]}',
    ];
    const { conversations, problems } = readTranscripts(lines.join("\n"), () => "d", 5);
    expect(conversations).toHaveLength(1);
    expect(problems).toEqual(
      ["json", "messages", "role", "order", "content"].map((reason, i) => ({
        line: i + 1,
        reason,
      })),
    );
    expect(rowOf(conversations[0]!)).toBeNull();
  });

  it("are read as Markdown", () => {
    expect(markdownOf(conversation(), names)).toBe(
      "# hi\n\n**System**\n\nbe brief\n\n**You**\n\nhi\n\n**Model**\n\nhello\n",
    );
  });

  it("of a page that was closed hold what had come", () => {
    expect(settled(conversation()).messages[1]!.answer).toMatchObject({
      state: "stopped",
      content: "hello",
    });
  });
});
