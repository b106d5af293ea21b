/**
 * The conversations of this browser. They live outside the screen, so that an answer goes on while
 * another screen is open.
 */
import { useSyncExternalStore } from "react";
import { type Answer, complete, newAnswer, resumed } from "../answers";
import { type Conversation, messageOf, withAnswer, withMessage } from "./conversation";
import { deleteStored, putStored, readStored } from "./store";
import { settled } from "./transcript";

export interface Session {
  /** The last changed first. */
  conversations: readonly Conversation[];
  isLoaded: boolean;
  /** The browser keeps nothing, as in some private windows. */
  isForgetful: boolean;
}

/** Milliseconds after a change in which it is stored. */
const storeAfter = 500;

let session: Session = { conversations: [], isLoaded: false, isForgetful: false };
const listeners = new Set<() => void>();
const unsaved = new Map<string, ReturnType<typeof setTimeout>>();
const running = new Map<string, AbortController>();

function change(changed: Partial<Session>): void {
  session = { ...session, ...changed };
  for (const listener of listeners) listener();
}

const forget = () => change({ isForgetful: true });

let isLoading = false;

function load(): void {
  if (isLoading) return;
  isLoading = true;
  readStored<Conversation>("conversations").then(
    (stored) => {
      const here = new Set(session.conversations.map(({ id }) => id));
      const kept = stored.filter(({ id }) => !here.has(id)).map(settled);
      change({ conversations: byDate([...session.conversations, ...kept]), isLoaded: true });
    },
    () => change({ isLoaded: true, isForgetful: true }),
  );
  addEventListener("pagehide", () => {
    for (const id of unsaved.keys()) save(id);
  });
}

function byDate(conversations: Conversation[]): Conversation[] {
  return conversations.sort((a, b) => b.updated - a.updated);
}

function save(id: string): void {
  clearTimeout(unsaved.get(id));
  unsaved.delete(id);
  const conversation = conversationOf(id);
  if (conversation) putStored("conversations", conversation).catch(forget);
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  load();
  return () => listeners.delete(listener);
}

function conversationOf(id: string): Conversation | undefined {
  return session.conversations.find((conversation) => conversation.id === id);
}

/** Adds a conversation, or puts it in place of the one with its id. */
export function putConversation(conversation: Conversation): void {
  const others = session.conversations.filter(({ id }) => id !== conversation.id);
  change({ conversations: byDate([...others, conversation]) });
  const { id } = conversation;
  clearTimeout(unsaved.get(id));
  unsaved.set(
    id,
    setTimeout(() => save(id), storeAfter),
  );
}

export function removeConversation(id: string): void {
  stopAnswer(id);
  clearTimeout(unsaved.get(id));
  unsaved.delete(id);
  change({ conversations: session.conversations.filter((other) => other.id !== id) });
  deleteStored("conversations", id).catch(forget);
}

export function isAnswering(id: string): boolean {
  return running.has(id);
}

/** Stops the answer that comes; what came stays. */
export function stopAnswer(id: string): void {
  running.get(id)?.abort();
}

/**
 * Asks for an answer to a message and shows it as it comes.
 *
 * @param bodyFor makes the request's body, given the id of the answer's message
 */
export function askForAnswer(
  conversation: Conversation,
  parent: string,
  model: string,
  bodyFor: (conversation: Conversation, answer: string) => Record<string, unknown>,
): void {
  const added = { parent, role: "assistant" as const, content: "" };
  const [next, id] = withMessage(conversation, added, Date.now());
  const answer = newAnswer(model, Date.now());
  putConversation(withAnswer(next, id, answer));
  void fill(conversation.id, id, answer, bodyFor(next, id));
}

/** Asks for more of an answer that is not finished. */
export function goOnWithAnswer(
  conversation: Conversation,
  id: string,
  body: Record<string, unknown>,
): void {
  const before = messageOf(conversation, id)?.answer;
  if (before) void fill(conversation.id, id, resumed(before, Date.now()), body);
}

async function fill(
  conversation: string,
  message: string,
  begun: Answer,
  body: Record<string, unknown>,
): Promise<void> {
  stopAnswer(conversation);
  const control = new AbortController();
  running.set(conversation, control);
  const show = (answer: Answer) => {
    const current = conversationOf(conversation);
    if (current) putConversation({ ...withAnswer(current, message, answer), updated: Date.now() });
  };
  show(begun);
  await complete(begun, body, control.signal, show);
  if (running.get(conversation) === control) running.delete(conversation);
  change({});
}
