import { describe, expect, it } from "vitest";
import { type Answer, newAnswer } from "../answers";
import {
  type Conversation,
  messageOf,
  newConversation,
  plainMessages,
  shownMessages,
  titleOf,
  versionsOf,
  withAnswer,
  withMessage,
  withOtherVersion,
  withoutTurn,
} from "./conversation";

const answerOf = (content: string): Answer => ({ ...newAnswer("m", 0), content, state: "done" });

function ask(conversation: Conversation, question: string, content: string): Conversation {
  const parent = shownMessages(conversation).at(-1)?.id ?? null;
  const [asked, id] = withMessage(conversation, { parent, role: "user", content: question }, 1);
  return reply(asked, id, content);
}

function reply(conversation: Conversation, parent: string, content: string): Conversation {
  const [next, id] = withMessage(conversation, { parent, role: "assistant", content: "" }, 2);
  return withAnswer(next, id, answerOf(content));
}

const textsOf = (conversation: Conversation) =>
  plainMessages(conversation).map(({ content }) => content);
const two = () => ask(ask(newConversation("c", 0), "q1", "a1"), "q2", "a2");

describe("a conversation", () => {
  it("keeps earlier versions of answers and questions", () => {
    const again = reply(two(), "m1", "a1b");
    expect(textsOf(again)).toEqual(["q1", "a1b"]);
    const answer = shownMessages(again)[1]!;
    expect(versionsOf(again, answer)).toHaveLength(2);
    expect(textsOf(withOtherVersion(again, answer, -1))).toEqual(["q1", "a1", "q2", "a2"]);
    expect(withOtherVersion(again, answer, 1)).toBe(again);
    const [edited, id] = withMessage(again, { parent: null, role: "user", content: "q1b" }, 3);
    expect(textsOf(reply(edited, id, "other"))).toEqual(["q1b", "other"]);
  });

  it("loses a turn and keeps what follows it", () => {
    const three = ask(two(), "q3", "a3");
    expect(textsOf(withoutTurn(three, messageOf(three, "m3")!))).toEqual(["q1", "a1", "q3", "a3"]);
    expect(textsOf(withoutTurn(three, messageOf(three, "m1")!))).toEqual(["q2", "a2", "q3", "a3"]);
    expect(textsOf(withoutTurn(three, messageOf(three, "m5")!))).toEqual(["q1", "a1", "q2", "a2"]);
    const one = ask(newConversation("c", 0), "q", "a");
    expect(withoutTurn(one, messageOf(one, "m1")!)).toMatchObject({ messages: [], shown: {} });
  });

  it("does not use the number of a message that is gone", () => {
    const shorter = withoutTurn(two(), messageOf(two(), "m3")!);
    expect(shownMessages(ask(shorter, "q", "a")).map(({ id }) => id)).toEqual([
      "m1",
      "m2",
      "m5",
      "m6",
    ]);
  });

  it("leaves questions without an answer out of what is asked next", () => {
    const failed = ask({ ...newConversation("c", 0), system: "be brief" }, "lost", "");
    const next = ask(failed, "q", "a");
    expect(textsOf(next)).toEqual(["be brief", "q", "a"]);
    expect(plainMessages(next, shownMessages(next).at(-1)!.id).at(-1)?.content).toBe("q");
  });

  it("is called by its name or its first line", () => {
    expect(titleOf(newConversation("c", 0))).toBe("");
    expect(titleOf(ask(newConversation("c", 0), "Hello\nthere", "a"))).toBe("Hello");
    expect(titleOf({ ...two(), name: "Mine" })).toBe("Mine");
  });
});
