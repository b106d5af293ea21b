/** Conversations: their tree, how they are kept, and as files. */
export {
  type Conversation,
  type Message,
  messageOf,
  newConversation,
  type PlainMessage,
  plainAnswer,
  plainMessages,
  shownMessages,
  titleOf,
  versionsOf,
  withAnswer,
  withMessage,
  withOtherVersion,
  withoutTurn,
} from "./conversation";
export {
  askForAnswer,
  conversationOf,
  goOnWithAnswer,
  isAnswering,
  putConversation,
  removeConversation,
  type Session,
  stopAnswer,
  useSession,
} from "./session";
export { deleteStored, newId, putStored, readStored, readStoredOne } from "./store";
export {
  type ImportedConversations,
  jsonLines,
  markdownMessage,
  markdownOf,
  readTranscripts,
  rowOf,
  type SpeakerNames,
  settled,
} from "./transcript";
