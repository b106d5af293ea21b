/** Columns of tables whose texts are JSON where they look like it; formats read tools as text themselves. */
export const jsonColumns: ReadonlySet<string> = new Set([
  "messages",
  "conversation",
  "conversations",
  "chat",
  "history",
  "chosen",
  "rejected",
]);
